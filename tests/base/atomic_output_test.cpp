#include "base/atomic_output.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/claim_file.h"
#include "base/put_in_place.h"
#include "support/support.h"

namespace fs = std::filesystem;
using ::testing::HasSubstr;

namespace {

// A file system without rename flags, and one on which the n-th rename from now on fails.
int error_of_flags = 0, renames_to_failure = 0;

int next_rename_fails() {
  return renames_to_failure > 0 && --renames_to_failure == 0;
}

}  // namespace

// Before the C library's own.
extern "C" int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) noexcept {
  if (flags != 0 && error_of_flags != 0) {
    errno = error_of_flags;
    return -1;
  }
  if (next_rename_fails()) {
    errno = EIO;
    return -1;
  }
  using Function = int (*)(int, const char*, int, const char*, unsigned);
  static const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "renameat2"));
  return real(from_folder, from, to_folder, to, flags);
}

extern "C" int rename(const char* from, const char* to) noexcept {
  return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

namespace vlrm::testing {
namespace {

std::string text_of(const fs::path& file) {
  return read_text_or_throw(file, 4096);
}

int64_t entries_of(const fs::path& directory) {
  return std::distance(fs::directory_iterator(directory), fs::directory_iterator());
}

// What runs leave of `target` that are killed while they write.
std::string leftover_name(const std::string& target, const std::string& id = "0123456789abcdef") {
  return "." + target + ".vlrm-" + id + ".partial";
}

TEST(AtomicDirectoryTest, AppearsWholeOrNotAtAll) {
  const TemporaryDirectory dir;
  {
    AtomicDirectory output(dir / "out", false, "file");
    write_text(output.staging() / "file", "x");
    EXPECT_FALSE(fs::exists(dir / "out"));
  }
  EXPECT_TRUE(fs::is_empty(dir.path()));
  for (const char* text : {"first", "second"}) {
    AtomicDirectory output(dir / "out", std::string(text) == "second", "file");
    write_text(output.staging() / "file", text);
    output.commit();
    EXPECT_EQ(read_text_or_throw(dir / "out" / "file"), text);
  }
  EXPECT_THAT(error_of([&] { AtomicDirectory(dir / "out", false, "file"); }), HasSubstr("`force`"));
  EXPECT_THAT(error_of([&] { AtomicDirectory(dir / "out" / "file" / "out", false, "file"); }),
              HasSubstr("out: cannot be made: Not a directory"));
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), fs::directory_iterator()), 1);
}

TEST(AtomicDirectoryTest, ForceReplacesNothingButOutputsOfOurs) {
  const TemporaryDirectory dir;
  write_text(dir / "precious" / "thesis.tex", "x");
  write_text(dir / "file", "x");
  fs::create_directory_symlink(dir / "precious", dir / "link");
  for (const char* target : {"precious", "file", "link"})
    EXPECT_THAT(error_of([&] { AtomicDirectory(dir / target, true, "manifest.json"); }),
                HasSubstr("is not an output of vlrm (it has no manifest.json)"));
  EXPECT_EQ(read_text_or_throw(dir / "precious" / "thesis.tex"), "x");
  fs::create_directory(dir / "empty");
  AtomicDirectory(dir / "empty", true, "manifest.json").commit();
}

TEST(AtomicDirectoryTest, RemovesWhatKilledRunsLeft) {
  const TemporaryDirectory dir;
  const std::vector<std::string> strangers{"out.partial-2147483647", leftover_name("out", "0123456789abcde"),
                                           leftover_name("out", "0123456789abcdeg"), leftover_name("other"),
                                           leftover_name("out") + "-of-mine"};
  write_text(dir / leftover_name("out") / "below" / "file", "x");
  for (const auto& name : strangers) fs::create_directory(dir / name);
  {
    const AtomicDirectory output(dir / "out/", false, "manifest.json");
    EXPECT_FALSE(fs::exists(dir / leftover_name("out")));
  }
  for (const auto& name : strangers) EXPECT_TRUE(fs::exists(dir / name)) << name;
  EXPECT_EQ(entries_of(dir.path()), std::ssize(strangers));
}

TEST(AtomicDirectoryTest, OneRunAtATime) {
  const TemporaryDirectory dir;
  AtomicDirectory output(dir / "out", false, "file");
  for (const bool force : {false, true})
    EXPECT_THAT(error_of([&] { AtomicDirectory(dir / "out", force, "file"); }),
                HasSubstr("out: another run is writing it (host "));
  write_text(output.staging() / "file", "x");
  output.commit();
  EXPECT_THAT(error_of([&] { AtomicDirectory(dir / "out", false, "file"); }), HasSubstr("exists already"));
}

TEST(AtomicDirectoryTest, WhoIsTakenForDeadPutsNothingInPlace) {
  const TemporaryDirectory dir;
  AtomicDirectory output(dir / "out", false, "file");
  write_text(output.staging() / "file", "first");
  fs::remove(claim_file(dir / "out"));
  AtomicDirectory second(dir / "out", false, "file");
  EXPECT_FALSE(fs::exists(output.staging()));
  write_text(second.staging() / "file", "second");
  fs::create_directory(output.staging());
  EXPECT_THAT(error_of([&] { output.commit(); }), HasSubstr("another run took this one for dead"));
  EXPECT_FALSE(fs::exists(dir / "out"));
  second.commit();
  EXPECT_EQ(text_of(dir / "out" / "file"), "second");
}

TEST(AtomicDirectoryTest, WhatIsKeptCanBeGoneOnWith) {
  const TemporaryDirectory dir;
  {
    AtomicDirectory output(dir / "out", false, "file");
    write_text(output.staging() / "file", "half");
    output.keep_if_dropped();
  }
  EXPECT_EQ(entries_of(dir.path()), 1);
  write_text(dir / leftover_name("out", "ffffffffffffffff") / "file", "of another");
  {
    AtomicDirectory output(dir / "out", false, "file",
                           [](const fs::path& left) { return text_of(left / "file") == "half"; });
    EXPECT_TRUE(output.adopted());
    EXPECT_EQ(text_of(output.staging() / "file"), "half");
    EXPECT_GE(output.bytes(), 4);
    output.keep_if_dropped();
  }
  EXPECT_EQ(entries_of(dir.path()), 1);
  { const AtomicDirectory anew(dir / "out", false, "file"); }
  EXPECT_TRUE(fs::is_empty(dir.path()));
}

class WithoutRenameFlags : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override { error_of_flags = GetParam(); }
  void TearDown() override { error_of_flags = renames_to_failure = 0; }
  void write(const char* text, bool force) {
    AtomicDirectory output(dir / "out", force, "file");
    write_text(output.staging() / "file", text);
    output.commit();
  }
  const TemporaryDirectory dir;
};

TEST_P(WithoutRenameFlags, DirectoriesComeIntoTheirPlaces) {
  write("first", false);
  write("second", true);
  EXPECT_EQ(text_of(dir / "out" / "file"), "second");
  EXPECT_THAT(error_of([&] { write("third", false); }), HasSubstr("exists already"));
  AtomicFiles({dir / "page"}, false).commit({"page"});
  AtomicFiles({dir / "page"}, true).commit({"another"});
  EXPECT_EQ(text_of(dir / "page"), "another");
  EXPECT_EQ(entries_of(dir.path()), 2);
}

TEST_P(WithoutRenameFlags, WhatAppearedMeanwhileIsNotReplaced) {
  AtomicDirectory output(dir / "out", false, "file");
  write_text(output.staging() / "file", "x");
  write_text(dir / "out" / "file", "of somebody");
  const std::string line = error_of([&] { output.commit(); });
  EXPECT_THAT(line, HasSubstr("out: exists already; `force` replaces it; it stands, finished, at "));
  EXPECT_EQ(text_of(line.substr(line.rfind(' ') + 1) + "/file"), "x");  // not thrown away
  EXPECT_EQ(text_of(dir / "out" / "file"), "of somebody");
}

TEST_P(WithoutRenameFlags, TheOldOneStaysWhereTheNewOneCannotBePut) {
  write("first", false);
  AtomicDirectory output(dir / "out", true, "file");
  write_text(output.staging() / "file", "second");
  renames_to_failure = 2;
  EXPECT_THAT(error_of([&] { output.commit(); }), HasSubstr("out: cannot be put in its place: Input/output error"));
  EXPECT_EQ(text_of(dir / "out" / "file"), "first");
}

INSTANTIATE_TEST_SUITE_P(Errors, WithoutRenameFlags, ::testing::Values(EINVAL, ENOSYS, EOPNOTSUPP));

TEST(PutInPlaceTest, WhatAKilledRunMovedAsideComesBack) {
  const TemporaryDirectory dir;
  write_text(dir / ".out.vlrm-old" / "file", "old");
  EXPECT_THAT(error_of([&] { AtomicDirectory(dir / "out", false, "file"); }), HasSubstr("exists already"));
  EXPECT_EQ(text_of(dir / "out" / "file"), "old");
  write_text(dir / ".out.vlrm-old" / "file", "older");
  { const AtomicDirectory output(dir / "out", true, "file"); }
  EXPECT_EQ(text_of(dir / "out" / "file"), "old");
  EXPECT_EQ(entries_of(dir.path()), 1);
}

TEST(PutInPlaceTest, AMountPointIsRefusedAtOnce) {
  EXPECT_THAT(error_of([&] { refuse_mount_point("/proc"); }), HasSubstr("/proc: is a mount point"));
  const TemporaryDirectory dir;
  refuse_mount_point(dir.path());
}

TEST(ParentDirectoriesTest, StayWhereSomethingIsInThem) {
  const TemporaryDirectory dir;
  { const ParentDirectories parents(dir / "a" / "b" / "out"); }
  EXPECT_FALSE(fs::exists(dir / "a"));
  AtomicFiles({dir / "a" / "b" / "out"}, false).commit({"x"});
  { AtomicDirectory(dir / "a" / "c" / "out", false, "file"); }
  EXPECT_TRUE(fs::exists(dir / "a" / "b" / "out"));
  EXPECT_FALSE(fs::exists(dir / "a" / "c"));
}

TEST(AtomicFileTest, RefusesToReplaceWithoutForce) {
  const TemporaryDirectory dir;
  AtomicFiles({dir / "f"}, false).commit({"one"});
  EXPECT_THAT(error_of([&] { AtomicFiles({dir / "f"}, false); }), HasSubstr("exists already"));
  EXPECT_THAT(error_of([&] { write_file_atomically(dir / "f", "two", false); }), HasSubstr("exists already"));
  for (const bool whole : {false, true}) {
    write_text(dir / leftover_name("f"), "of a run that was killed");
    if (whole)
      AtomicFiles({dir / "f"}, true).commit({"two"});
    else
      write_file_atomically(dir / "f", "two", true);
    EXPECT_FALSE(fs::exists(dir / leftover_name("f")));
    EXPECT_EQ(text_of(dir / "f"), "two");
  }
  EXPECT_THAT(error_of([&] { AtomicFiles({dir / "f" / "g"}, true); }),
              HasSubstr("g: cannot be written: Not a directory"));
  EXPECT_THAT(error_of([&] { AtomicFiles({dir / "f" / "g" / "h"}, true); }),
              HasSubstr("h: its directory cannot be made: Not a directory"));
  fs::create_directory(dir / "folder");
  EXPECT_THAT(error_of([&] { AtomicFiles({dir / "folder"}, true); }),
              HasSubstr("cannot be written: it is a directory"));
  EXPECT_EQ(entries_of(dir.path()), 2);
}

TEST(AtomicFileTest, SeveralAppearTogetherOrNotAtAll) {
  const TemporaryDirectory dir;
  const std::vector<fs::path> targets{dir / "a" / "json", dir / "b" / "page"};
  for (const int failing : {1, 2}) {
    AtomicFiles files(targets, false);
    renames_to_failure = failing + 1;  // after that of a note of what is going on
    EXPECT_THAT(error_of([&] { files.commit({"json", "page"}); }), HasSubstr("Input/output error"));
    EXPECT_FALSE(fs::exists(targets[0])) << failing;
  }
  EXPECT_TRUE(fs::is_empty(dir.path()));
  AtomicFiles(targets, false).commit({"json", "page"});
  EXPECT_EQ(text_of(targets[0]), "json");
  EXPECT_EQ(text_of(targets[1]), "page");
  EXPECT_EQ(entries_of(dir / "a"), 1);
  EXPECT_THAT(error_of([&] { AtomicFiles(targets, false); }), HasSubstr("json: exists already"));
  EXPECT_THAT(error_of([&] {
                AtomicFiles({dir / "c", dir / "." / "c"}, false);
              }),
              HasSubstr("another run is writing it"));
}

TEST(AtomicFileTest, AKillBetweenTwoFilesLeavesNoneForTheNextRun) {
  const TemporaryDirectory dir;
  const std::vector<fs::path> targets{dir / "json", dir / "page"};
  write_text(targets[0], "of the killed run");
  write_text(dir / ".json.vlrm-commit", OrderedJson({targets[0], targets[1], "/etc/passwd"}).dump());
  AtomicFiles(targets, false).commit({"json", "page"});
  EXPECT_EQ(text_of(targets[0]), "json");
  EXPECT_EQ(entries_of(dir.path()), 2);
}

TEST(ReplaceByBeginningTest, WhoHasTheOldFileOpenCannotWriteIntoTheNewOne) {
  const TemporaryDirectory dir;
  write_text(dir / "f", "one\ntwo\n");
  std::FILE* open = std::fopen((dir / "f").c_str(), "a");
  replace_by_beginning(dir / "f", 4);
  std::fputs("late\n", open);
  std::fclose(open);
  EXPECT_EQ(text_of(dir / "f"), "one\n");
}

}  // namespace
}  // namespace vlrm::testing
