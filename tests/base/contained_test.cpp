// Files that stay in a folder, and searches in texts.
#include <gmock/gmock.h>

#include <filesystem>

#include "base/find_text.h"
#include "base/hub_cache.h"
#include "support/support.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

TEST(HubCache, TellsWhatLeavesAFolder) {
  const testing::TemporaryDirectory directory;
  const fs::path model = directory / "model";
  fs::create_directories(model / "below");
  fs::create_directories(directory / "model2");
  testing::write_text(directory / "secret", "x");
  testing::write_text(directory / "model2" / "near", "x");
  testing::write_text(model / "own", "x");
  fs::create_symlink("own", model / "inside");
  fs::create_symlink("../secret", model / "relative");
  fs::create_symlink(directory / "secret", model / "absolute");
  fs::create_symlink("relative", model / "twice");
  fs::create_symlink("../..", model / "below" / "up");
  fs::create_symlink("../model2/near", model / "neighbour");
  fs::create_symlink("model", directory / "link");
  for (const char* name : {"own", "inside", "below", "missing", "below/../own"})
    EXPECT_TRUE(lies_within(model / name, model)) << name;
  for (const char* name : {"relative", "absolute", "twice", "below/up/secret", "neighbour", "../secret"})
    EXPECT_FALSE(lies_within(model / name, model)) << name;
  EXPECT_TRUE(lies_within(directory / "link" / "own", directory / "link"));  // the folder itself may be a link
}

TEST(HubCache, LetsItsOwnLinksLeave) {
  const testing::TemporaryDirectory directory;
  const fs::path snapshot = directory / "models--org--name" / "snapshots" / "abc";
  fs::create_directories(snapshot);
  fs::create_directories(directory / "models--org--name" / "blobs");
  testing::write_text(directory / "models--org--name" / "blobs" / "0123", "x");
  testing::write_text(directory / "secret", "x");
  fs::create_symlink("../../blobs/0123", snapshot / "config.json");
  fs::create_symlink("../../../secret", snapshot / "LICENSE");
  EXPECT_TRUE(lies_within(snapshot / "config.json", snapshot));
  EXPECT_FALSE(lies_within(snapshot / "LICENSE", snapshot));
}

TEST(HubCache, LetsLinksIntoTheSharedStoreLeave) {
  const testing::TemporaryDirectory directory;
  testing::write_text(directory / "blobs" / "01" / "0123", "x");
  for (const bool in_cache : {true, false}) {
    const fs::path repository = directory / (in_cache ? "models--org--name" : "work");
    const fs::path snapshot = repository / "snapshots" / "abc";
    fs::create_directories(snapshot);
    fs::create_directories(repository / "blobs");
    fs::create_symlink("../../blobs/01/0123", repository / "blobs" / "4567");
    fs::create_symlink("../../blobs/4567", snapshot / "config.json");
    EXPECT_EQ(lies_within(snapshot / "config.json", snapshot), in_cache);
  }
}

TEST(FindText, FindsAsStringsDo) {
  EXPECT_EQ(find_text("abcabc", "bc"), 1u);
  EXPECT_EQ(find_text("abcabc", "bc", 2), 4u);
  EXPECT_EQ(find_text("abc", ""), 0u);
  EXPECT_EQ(find_text("abc", "", 3), 3u);
  EXPECT_EQ(find_text("abc", "", 4), std::string_view::npos);
  EXPECT_EQ(find_text("abc", "d"), std::string_view::npos);
  EXPECT_EQ(find_text(std::string(2'000'000, 'a'), std::string(1'000'000, 'a') + "b"), std::string_view::npos);
}

}  // namespace
}  // namespace vlrm
