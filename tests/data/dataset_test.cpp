#include <chrono>
#include <cmath>
#include <set>

#include "data/dataset.h"

#include "support/support.h"

namespace fs = std::filesystem;
using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

std::vector<Row> rows_of(const fs::path& data, int64_t first = 0) {
  const auto stream = open_dataset({data.string(), "", ""})->stream(first);  // outlives its dataset
  std::vector<Row> rows;
  while (auto row = stream->next()) rows.push_back(std::move(*row));
  return rows;
}

TEST(JsonLines, ValuesKeepTheirOrderAndImagesArePaths) {
  const TemporaryDirectory dir;
  write_text(
      dir / "rows.jsonl",
      "{\"z\": [1, {\"b\": 0.5}], \"image\": \"x.jpg\", \"a\": null}\r\n\n"
      "{\"images\": [\"a/y.png\", \"/z.png\"], \"image_2\": {\"bytes\": null, \"path\": \"w.png\"}, \"image_id\": 7}\n"
      "{\"image\": null}");
  const auto rows = rows_of(dir / "rows.jsonl");
  ASSERT_EQ(rows.size(), 3);
  EXPECT_EQ(rows[0].values.dump(), R"({"z":[1,{"b":0.5}],"a":null})");
  ASSERT_EQ(rows[0].images.size(), 1);
  EXPECT_EQ(rows[0].images[0].first, "image");
  EXPECT_EQ(rows[0].images[0].second.path, dir / "x.jpg");
  EXPECT_EQ(rows[1].values.dump(), R"({"image_id":7})");
  ASSERT_EQ(rows[1].images.size(), 3);
  EXPECT_EQ(rows[1].images[0].second.path, dir / "a/y.png");
  EXPECT_EQ(rows[1].images[1].second.path, "/z.png");
  EXPECT_EQ(rows[1].images[2].first, "image_2");
  EXPECT_EQ(rows[1].images[2].second.path, dir / "w.png");
  EXPECT_TRUE(rows[2].images.empty());
  EXPECT_EQ(rows[1].index, 1);
  EXPECT_EQ(rows[1].source, (dir / "rows.jsonl").string() + ", line 3");
}

TEST(JsonLines, ErrorsNameFileAndLine) {
  const TemporaryDirectory dir;
  const auto error = [&](const std::string& line) {
    write_text(dir / "rows.jsonl", "{}\n" + line);
    std::string message = error_of([&] { rows_of(dir / "rows.jsonl"); });
    EXPECT_THAT(message, ::testing::StartsWith((dir / "rows.jsonl").string() + ", line 2"));
    return message;
  };
  EXPECT_THAT(error("[{}]"), HasSubstr("must be a JSON object"));
  error("{\"a\": ");
  error("{\"a\": \"\xff\"}");
  EXPECT_THAT(error("{\"image\": 3}"), HasSubstr("\"image\" must be the path of an image file"));
  EXPECT_THAT(error("{\"images\": [\"\"]}"), HasSubstr("\"images\" must be the path"));
  EXPECT_THAT(error("{\"images\": [[\"x\"]]}"), HasSubstr("list of lists"));
  EXPECT_THAT(error("{\"image_1\": {\"bytes\": \"abc\"}}"), HasSubstr("\"image_1\" must be the path"));
}

class Shards : public ::testing::Test {
 protected:
  Shards() {
    write_text(dir / "test-00000-of-00003.jsonl", "{\"n\": 0}\n{\"n\": 1}\n");
    write_text(dir / "test-00001-of-00003.jsonl", "\n");
    write_text(dir / "test-00002-of-00003.jsonl", "{\"n\": 2}\n{\"n\": 3}\n{\"n\": 4}");
  }
  const TemporaryDirectory dir;
};

TEST_F(Shards, AreOneDataset) {
  const auto dataset = open_dataset({dir.path().string(), "", "test"});
  EXPECT_EQ(dataset->rows(), 5);
  EXPECT_EQ(dataset->description(), dir.path().string() + ", split \"test\": 5 rows in 3 files");
  for (int64_t first = 0; first <= 5; ++first) {
    const auto rows = rows_of(dir.path(), first);
    ASSERT_EQ(rows.size(), static_cast<size_t>(5 - first)) << first;
    for (size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(rows[i].index, first + static_cast<int64_t>(i));
      EXPECT_EQ(rows[i].values["n"], rows[i].index);
    }
  }
  EXPECT_THAT(rows_of(dir.path(), 4)[0].source, ::testing::EndsWith("test-00002-of-00003.jsonl, line 3"));
}

TEST_F(Shards, TheStampIsOfWhatTheFilesHold) {
  const auto stamp = [&] { return open_dataset({dir.path().string(), "", ""})->stamp(); };
  const std::string before = stamp();
  EXPECT_EQ(before.size(), 32);
  const fs::path last = dir / "test-00002-of-00003.jsonl";
  const auto time = fs::last_write_time(last) + std::chrono::seconds(1);
  fs::last_write_time(last, time);
  EXPECT_EQ(stamp(), before);
  std::string text = read_text_or_throw(last);
  std::swap(text[text.size() - 2], text[text.size() - 3]);
  write_text(last, text);
  fs::last_write_time(last, time);
  EXPECT_NE(stamp(), before);
}

TEST(DatasetStamp, SeesTheImagesThatRowsName) {
  const TemporaryDirectory dir;
  write_text(dir / "rows.jsonl", "{\"image\": \"a.png\"}\n{\"images\": [\"a.png\", \"b.png\"]}\n{\"image\": null}\n");
  const auto stamp = [&] { return open_dataset({(dir / "rows.jsonl").string(), "", ""})->stamp(); };
  std::vector<std::string> stamps{stamp()};  // of images that are not there
  for (const auto& [name, text] : {std::pair("a.png", "1"), std::pair("b.png", "1"), std::pair("b.png", "2")}) {
    write_text(dir / name, text);
    stamps.push_back(stamp());
  }
  EXPECT_EQ(std::set<std::string>(stamps.begin(), stamps.end()).size(), 4);
  fs::last_write_time(dir / "a.png", fs::file_time_type::clock::now() - std::chrono::hours(1));
  fs::create_directory(dir / "elsewhere");
  for (const char* name : {"rows.jsonl", "a.png", "b.png"}) fs::rename(dir / name, dir / "elsewhere" / name);
  EXPECT_EQ(open_dataset({(dir / "elsewhere/rows.jsonl").string(), "", ""})->stamp(), stamps.back());
}

TEST_F(Shards, AFileThatChangedMeanwhileIsNoticed) {
  const auto dataset = open_dataset({dir.path().string(), "", ""});
  const auto stream = dataset->stream(0);
  stream->next();
  write_text(dir / "test-00002-of-00003.jsonl", "{}\n");
  EXPECT_THAT(error_of([&] {
                while (stream->next()) {
                }
              }),
              HasSubstr("test-00002-of-00003.jsonl: has 1 rows now, and had 3"));
}

TEST(OpenDataset, WhatIsNoDataset) {
  const TemporaryDirectory dir;
  write_text(dir / "rows.csv", "a,b");
  EXPECT_THAT(error_of([&] { rows_of(dir / "rows.csv"); }),
              HasSubstr("rows.csv: not a file of rows; known are .parquet"));
  EXPECT_THAT(error_of([&] { rows_of(dir / "no.parquet"); }), HasSubstr("no.parquet: no such file or directory"));
  EXPECT_THAT(error_of([&] {
                open_dataset({"org-not-here/name-not-here", "", ""});
              }),
              HasSubstr("hf download --repo-type dataset org-not-here/name-not-here"));
}

TEST(OpenDataset, AnIdOfTheHubsCache) {
  const TemporaryDirectory dir;
  const fs::path cache = dir / "datasets--org--name";
  write_text(cache / "refs/main", "abc");
  write_text(cache / "blobs/1", "{\"n\": 1}");
  fs::create_directories(cache / "snapshots/abc/data");
  fs::create_symlink("../../../blobs/1", cache / "snapshots/abc/data/test-00000-of-00001.jsonl");
  const char* before = std::getenv("HF_HUB_CACHE");
  const std::optional<std::string> kept = before ? std::optional<std::string>(before) : std::nullopt;
  ::setenv("HF_HUB_CACHE", dir.path().c_str(), 1);
  EXPECT_EQ(open_dataset({"org/name", "", "test"})->description(), "org/name, split \"test\": 1 row in one file");
  EXPECT_EQ(rows_of("org/name@abc").size(), 1);
  kept ? ::setenv("HF_HUB_CACHE", kept->c_str(), 1) : ::unsetenv("HF_HUB_CACHE");
}

}  // namespace
}  // namespace vlrm::testing
