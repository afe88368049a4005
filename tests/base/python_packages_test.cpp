// Which torch is found, and what is said where none fits.
#include "base/python_packages.h"

#include <gmock/gmock.h>

#include <chrono>
#include <cstdlib>

#include "base/command.h"
#include "support/support.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// No environment is active and PATH is empty, unless a test says so.
class Packages : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = std::getenv("PATH");
    ::setenv("PATH", (folder_ / "bin").c_str(), 1);
    for (const char* name : {"VIRTUAL_ENV", "CONDA_PREFIX", "VLRM_TORCH"}) ::unsetenv(name);
  }
  void TearDown() override {
    ::setenv("PATH", path_.c_str(), 1);
    for (const char* name : {"VIRTUAL_ENV", "CONDA_PREFIX", "VLRM_TORCH"}) ::unsetenv(name);
  }

  fs::path installed(const std::string& environment, const std::string& version) {
    const fs::path packages = folder_ / environment / "lib/python3.11/site-packages";
    fs::create_directories(packages / "torch");
    testing::write_text(packages / "torch/__init__.py", "");
    testing::write_text(packages / "torch/version.py", "__version__ = '" + version + "'\n");
    return packages / "torch";
  }
  // A Python that knows where its torch is.
  void python(const fs::path& file, const std::string& answer) {
    fs::create_directories(file.parent_path());
    testing::write_text(file, "#!/bin/sh\necho " + answer + "\n");
    fs::permissions(file, fs::perms::owner_all);
  }
  static PythonPackageRequest request(const fs::path& built_with = {}) {
    return {"torch", "VLRM_TORCH", built_with, "2.12, 2.13",
            [](const std::string& version) { return version.starts_with("2.12") || version.starts_with("2.13"); }};
  }

  testing::TemporaryDirectory folder_;

 private:
  std::string path_;
};

TEST_F(Packages, TheVariableNamesThePackageItsFolderAnEnvironmentOrAPython) {
  const fs::path torch = installed("env", "2.13.0+cpu");
  python(folder_ / "python", torch.string());
  for (const fs::path& named : {torch, torch.parent_path(), folder_ / "env", folder_ / "python"}) {
    ::setenv("VLRM_TORCH", named.c_str(), 1);
    const PythonPackage found = find_python_package(request());
    EXPECT_EQ(found.directory, torch) << named;
    EXPECT_EQ(found.version, "2.13.0+cpu");
  }
}

TEST_F(Packages, WhatTheVariableNamesIsTheOnlyOneThatCounts) {
  ::setenv("VIRTUAL_ENV", (folder_ / "good").c_str(), 1);
  installed("good", "2.13.0");
  installed("old", "2.10.0");
  ::setenv("VLRM_TORCH", (folder_ / "old").c_str(), 1);
  EXPECT_THAT(testing::error_of([] { find_python_package(request()); }), HasSubstr("has 2.10.0"));
  ::setenv("VLRM_TORCH", "/nowhere", 1);
  EXPECT_THAT(testing::error_of([] { find_python_package(request()); }), HasSubstr("VLRM_TORCH, /nowhere, has none"));
}

TEST_F(Packages, TheActiveEnvironmentComesBeforeTheBuildsAndPython3) {
  const fs::path active = installed("active", "2.12.1"), built = installed("built", "2.13.0"),
                 other = installed("other", "2.13.1");
  python(folder_ / "bin/python3", other.string());
  EXPECT_EQ(find_python_package(request()).directory, other);
  EXPECT_EQ(find_python_package(request(built)).directory, built);
  ::setenv("CONDA_PREFIX", (folder_ / "active").c_str(), 1);
  EXPECT_EQ(find_python_package(request(built)).directory, active);
  EXPECT_EQ(find_python_package(request(folder_ / "gone")).directory, active);
}

TEST_F(Packages, OneThatDoesNotFitIsPassedOver) {
  ::setenv("VIRTUAL_ENV", (folder_ / "old").c_str(), 1);
  installed("old", "2.10.0");
  EXPECT_EQ(find_python_package(request(installed("built", "2.13.0"))).version, "2.13.0");
}

TEST_F(Packages, TheErrorSaysWhatIsInEachPlace) {
  ::setenv("VIRTUAL_ENV", (folder_ / "old").c_str(), 1);
  installed("old", "2.10.0");
  const std::string error = testing::error_of([] { find_python_package(request()); });
  EXPECT_THAT(error,
              StartsWith("no torch that fits (this vlrm was built for torch 2.12, 2.13): VLRM_TORCH is not set"));
  EXPECT_THAT(error, HasSubstr((folder_ / "old").string() + " has 2.10.0; python3 has none. Install one"));
}

// Of Pythons that hang, that ignore being asked to end, and that hang with their output closed.
TEST_F(Packages, APythonThatDoesNotAnswerHasNone) {
  PythonPackageRequest impatient = request();
  impatient.patience = std::chrono::milliseconds(300);
  ::setenv("VLRM_TORCH", (folder_ / "python").c_str(), 1);
  for (const char* script :
       {"exec /bin/sleep 60", "/bin/sleep 60", "trap '' TERM; /bin/sleep 60", "exec >&- 2>&-; exec /bin/sleep 60"}) {
    python(folder_ / "python", "");
    testing::write_text(folder_ / "python", std::string("#!/bin/sh\n") + script + "\n");
    const auto start = std::chrono::steady_clock::now();
    EXPECT_THAT(testing::error_of([&] { find_python_package(impatient); }),
                HasSubstr((folder_ / "python").string() + ", does not answer. Install one"))
        << script;
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20)) << script;
  }
}

TEST_F(Packages, OneThatDoesNotAnswerIsPassedOver) {
  ::setenv("VIRTUAL_ENV", (folder_ / "stuck").c_str(), 1);
  python(folder_ / "stuck/bin/python", "");
  testing::write_text(folder_ / "stuck/bin/python", "#!/bin/sh\nexec /bin/sleep 60\n");
  PythonPackageRequest impatient = request(installed("built", "2.13.0"));
  impatient.patience = std::chrono::milliseconds(300);
  EXPECT_EQ(find_python_package(impatient).version, "2.13.0");
}

TEST_F(Packages, TheFolderOfItsMetadataTellsTheVersion) {
  const fs::path torch = installed("env", "x");
  fs::remove(torch / "version.py");
  fs::create_directories(torch.parent_path() / "torch-2.13.2.dist-info");
  ::setenv("VLRM_TORCH", torch.c_str(), 1);
  EXPECT_EQ(find_python_package(request()).version, "2.13.2");
  fs::remove(torch.parent_path() / "torch-2.13.2.dist-info");
  EXPECT_THAT(testing::error_of([] { find_python_package(request()); }), HasSubstr("has one of an unknown version"));
}

TEST_F(Packages, TheOneThatAPythonWouldImportIsPreferred) {
  ::setenv("VIRTUAL_ENV", (folder_ / "active").c_str(), 1);
  installed("active", "2.12.1");
  prefer_python_package("torch", installed("own", "2.13.0"));
  EXPECT_EQ(find_python_package(request()).version, "2.13.0");
  prefer_python_package("torch", "/nowhere");
  EXPECT_EQ(find_python_package(request()).version, "2.12.1");
}

TEST(Command, GivesOutputAndExitCode) {
  const auto done = run_command({"sh", "-c", "echo a; echo b >&2; exit 3"}, CommandErrors::dropped);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->output, "a\n");
  EXPECT_EQ(done->exit_code, 3);
  EXPECT_EQ(run_command({"sh", "-c", "kill -9 $$"}, CommandErrors::dropped)->exit_code, 137);
  EXPECT_FALSE(run_command({"/no/such/program"}, CommandErrors::dropped));
}

TEST(Command, ThatPrintsWithoutEndIsEnded) {
  EXPECT_THAT(testing::error_of([] { run_command({"yes"}, CommandErrors::dropped, 10'000); }),
              HasSubstr("yes: printed more than 10000 bytes"));
}

}  // namespace
}  // namespace vlrm
