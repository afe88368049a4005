#include "base/hub_cache.h"

#include <cstdlib>

#include "support/support.h"
#include "weights/checkpoint.h"

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

const std::string kHash(40, 'a');

// Sets environment variables for one test and puts back what was there.
class HubCache : public ::testing::Test {
 protected:
  HubCache() {
    for (const char* name :
         {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "HOME", "VLRM_PLACE"}) {
      const char* value = std::getenv(name);
      before_.emplace_back(name, value == nullptr ? std::optional<std::string>() : value);
      ::unsetenv(name);
    }
    ::setenv("HOME", (dir / "home").c_str(), 1);
  }
  ~HubCache() override {
    for (const auto& [name, value] : before_) {
      if (value)
        ::setenv(name.c_str(), value->c_str(), 1);
      else
        ::unsetenv(name.c_str());
    }
  }
  fs::path add_model(const fs::path& cache, const std::string& folder = "models--org--name") {
    fs::path snapshot = cache / folder / "snapshots" / kHash;
    write_text(cache / folder / "refs" / "main", kHash + "\n");
    fs::create_directories(snapshot);
    return snapshot;
  }

  const TemporaryDirectory dir;

  // `model` was made before it is looked for, whatever order a compiler evaluates arguments in.
  static void expect_found(const fs::path& model, fs::path (*find)()) { EXPECT_EQ(find(), model); }

 private:
  std::vector<std::pair<std::string, std::optional<std::string>>> before_;
};

TEST_F(HubCache, TheMoreParticularVariableWins) {
  const fs::path home = add_model(dir / "home" / ".cache" / "huggingface" / "hub");
  EXPECT_EQ(resolve_checkpoint("org/name"), home);
  ::setenv("XDG_CACHE_HOME", (dir / "xdg").c_str(), 1);
  expect_found(add_model(dir / "xdg" / "huggingface" / "hub"), [] { return resolve_checkpoint("org/name"); });
  ::setenv("HF_HOME", (dir / "hf").c_str(), 1);
  expect_found(add_model(dir / "hf" / "hub"), [] { return resolve_checkpoint("org/name"); });
  ::setenv("HUGGINGFACE_HUB_CACHE", (dir / "legacy").c_str(), 1);
  expect_found(add_model(dir / "legacy"), [] { return resolve_checkpoint("org/name"); });
  ::setenv("HF_HUB_CACHE", (dir / "cache").c_str(), 1);
  expect_found(add_model(dir / "cache"), [] { return resolve_checkpoint("org/name"); });
  ::setenv("HF_HUB_CACHE", "~/mine", 1);
  expect_found(add_model(dir / "home" / "mine"), [] { return resolve_checkpoint("org/name"); });
}

TEST_F(HubCache, VariablesInPathsAreExpandedAsInPython) {
  ::setenv("VLRM_PLACE", dir.path().c_str(), 1);
  const auto found_at = [&](const char* value, const std::string& place) {
    ::setenv("HF_HUB_CACHE", value, 1);
    const fs::path model = add_model(dir / place);
    EXPECT_EQ(resolve_checkpoint("org/name"), model) << value;
  };
  found_at("$VLRM_PLACE/a", "a");
  found_at("${VLRM_PLACE}/b", "b");
  found_at("$VLRM_PLACE/$not_set/${not_set}/$", "$not_set/${not_set}/$");
  found_at("${VLRM_PLACE}/${", "${");
  found_at("$VLRM_PLACE/x~", "x~");
}

TEST_F(HubCache, RevisionsAreRefsOrHashes) {
  ::setenv("HF_HUB_CACHE", dir.path().c_str(), 1);
  const fs::path snapshot = add_model(dir.path());
  const fs::path other = dir / "models--org--name" / "snapshots" / "b1";
  fs::create_directories(other);
  write_text(dir / "models--org--name" / "refs" / "refs" / "pr" / "3", "b1");
  EXPECT_EQ(resolve_checkpoint("org/name@main"), snapshot);
  EXPECT_EQ(resolve_checkpoint("org/name@" + kHash), snapshot);
  EXPECT_EQ(resolve_checkpoint("org/name@refs/pr/3"), other);
  expect_found(add_model(dir.path(), "models--gpt2"), [] { return resolve_checkpoint("gpt2"); });
}

TEST_F(HubCache, ALocalDirectoryWins) {
  ::setenv("HF_HUB_CACHE", dir.path().c_str(), 1);
  add_model(dir.path());
  fs::create_directories(dir / "work" / "org" / "name");
  const fs::path before = fs::current_path();
  fs::current_path(dir / "work");
  const fs::path found = resolve_checkpoint("org/name");
  fs::current_path(before);
  EXPECT_EQ(found, "org/name");
  EXPECT_EQ(resolve_checkpoint(dir.path().string()), dir.path());
}

TEST_F(HubCache, NotThereSaysWhereItLookedAndHowToFetch) {
  const std::string cache = (dir / "home/.cache/huggingface/hub/models--org--name").string();
  EXPECT_THAT(error_of([] { resolve_checkpoint("org/name"); }),
              AllOf(HasSubstr("org/name: no such directory"), HasSubstr(cache + "/refs/main"),
                    HasSubstr(cache + "/snapshots"), ::testing::EndsWith("hf download org/name")));
  EXPECT_THAT(error_of([] { resolve_checkpoint("org/name"); }), HasSubstr("as this run is offline"));
  EXPECT_THAT(error_of([] { resolve_checkpoint("org/name@v2"); }),
              AllOf(HasSubstr("/refs/v2"), HasSubstr("hf download org/name --revision v2")));
}

TEST_F(HubCache, DatasetsHaveFoldersAndACommandOfTheirOwn) {
  ::setenv("HF_HUB_CACHE", dir.path().c_str(), 1);
  add_model(dir.path());
  EXPECT_THAT(error_of([] { resolve_dataset("org/name@v2"); }),
              AllOf(HasSubstr("org/name@v2: no such file or directory"), HasSubstr("/datasets--org--name/refs/v2"),
                    HasSubstr("/datasets--org--name/snapshots"),
                    ::testing::EndsWith("hf download --repo-type dataset org/name --revision v2")));
  expect_found(add_model(dir.path(), "datasets--org--name"), [] { return resolve_dataset("org/name"); });
  EXPECT_THAT(error_of([] { resolve_dataset("./no.parquet"); }), ::testing::EndsWith("no such file or directory"));
  write_text(dir / "x.parquet", "");
  EXPECT_EQ(resolve_dataset((dir / "x.parquet").string()), dir / "x.parquet");
}

TEST_F(HubCache, ARefToNowhereIsNotThere) {
  ::setenv("HF_HUB_CACHE", dir.path().c_str(), 1);
  fs::remove(add_model(dir.path()));
  EXPECT_THAT(error_of([] { resolve_checkpoint("org/name"); }), HasSubstr("hf download"));
  write_text(dir / "models--org--name" / "refs" / "main", "../../elsewhere");
  EXPECT_THAT(error_of([] { resolve_checkpoint("org/name"); }), HasSubstr("does not hold a commit hash"));
}

TEST_F(HubCache, WhatCanOnlyBeAPathIsNotLookedUp) {
  for (const char* name : {"/no/such", "./org", "../org/name", "a/b/c", "", "~/x", "org/..", "org/name@../x", "a b/c",
                           "org/name@", "org/name@/x", "x\n/y", "--help", "-x/name", "org/--x", "org/name@-x"})
    EXPECT_THAT(error_of([&] { resolve_checkpoint(name); }), ::testing::EndsWith("no such directory")) << name;
}

TEST_F(HubCache, WhatASnapshotLacksCanBeFetched) {
  ::setenv("HF_HUB_CACHE", dir.path().c_str(), 1);
  const fs::path snapshot = add_model(dir.path());
  EXPECT_EQ(fetch_advice(snapshot), "; to fetch it: hf download org/name");
  EXPECT_THAT(error_of([&] { open_checkpoint(snapshot); }), ::testing::EndsWith("; to fetch it: hf download org/name"));
  write_text(snapshot / "model.safetensors.index.json", R"({"weight_map":{"a":"1.safetensors"}})");
  EXPECT_THAT(
      error_of([&] { open_checkpoint(snapshot); }),
      AllOf(HasSubstr("1.safetensors: is not there"), ::testing::EndsWith("; to fetch it: hf download org/name")));
  write_text(dir / "models--org--name" / "refs" / "main", std::string(40, 'b'));
  EXPECT_EQ(fetch_advice(snapshot / ""), "; to fetch it: hf download org/name --revision " + kHash);
  EXPECT_EQ(fetch_advice(dir.path()), "");
}

TEST(HubBlob, TheNameOfALargeFilesBlobIsItsHash) {
  const TemporaryDirectory dir;
  const std::string sha256(64, 'f');
  const auto link_to = [&](const std::string& target) {
    fs::remove(dir / "file");
    fs::create_symlink(target, dir / "file");
    return hub_blob_sha256(dir / "file");
  };
  EXPECT_EQ(link_to("../../blobs/" + sha256), sha256);
  EXPECT_EQ(link_to("../../blobs/" + std::string(40, 'f')), std::nullopt);  // a git object, not in LFS
  EXPECT_EQ(link_to("../../blobs/" + std::string(64, 'g')), std::nullopt);
  EXPECT_EQ(link_to("../../other/" + sha256), std::nullopt);
  write_text(dir / sha256, "");
  EXPECT_EQ(hub_blob_sha256(dir / sha256), std::nullopt);
  EXPECT_EQ(hub_blob_sha256(dir / "none"), std::nullopt);
}

}  // namespace
}  // namespace vlrm::testing
