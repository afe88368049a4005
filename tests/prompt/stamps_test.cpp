#include <chrono>

#include "prompt/stamps.h"

#include "support/support.h"

namespace fs = std::filesystem;

namespace vlrm::testing {
namespace {

constexpr int64_t kLarge = int64_t{40} << 20;

// Weights of two sizes, and the files that are read beside them.
void write_model(const fs::path& directory) {
  for (const char* name : {"config.json", "tokenizer.json", "preprocessor_config.json", "chat_template.jinja"})
    write_text(directory / name, "{}");
  write_text(directory / "model-1.safetensors", "small weights");
  std::string weights;
  for (int64_t i = 0; i < kLarge / 8; ++i) {
    const auto value = static_cast<uint64_t>(i) * 0x9E3779B97F4A7C15;
    weights.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  write_text(directory / "model-2.safetensors", weights);
}

TEST(DirectoryStamp, IsOfWhatTheFilesHold) {
  const TemporaryDirectory dir;
  const fs::path model = dir / "model";
  write_model(model);
  const std::string stamp = directory_stamp(model);
  EXPECT_EQ(directory_stamp(dir / "./model/"), stamp);
  for (const auto& entry : fs::directory_iterator(model))
    fs::last_write_time(entry.path(), fs::file_time_type::clock::now() + std::chrono::hours(1));
  write_text(model / "scores.jsonl", "beside it");
  write_text(model / "README.md", "about it");
  write_text(model / "pytorch_model.bin", "pickled, and never read");
  EXPECT_EQ(directory_stamp(model), stamp);
  fs::rename(model, dir / "elsewhere");
  fs::create_directory_symlink(dir / "elsewhere", model);
  EXPECT_EQ(directory_stamp(model), stamp);
}

TEST(DirectoryStamp, SeesEveryFileThatScoresDependOn) {
  const TemporaryDirectory dir;
  write_model(dir.path());
  const std::string stamp = directory_stamp(dir.path());
  for (const char* name : {"config.json", "tokenizer.json", "preprocessor_config.json", "chat_template.jinja",
                           "model-1.safetensors", "model-2.safetensors"}) {
    const std::string text = read_text_or_throw(dir / name);
    std::string changed = text;
    changed[1] ^= 1;
    write_text(dir / name, changed);
    EXPECT_NE(directory_stamp(dir.path()), stamp) << name;
    write_text(dir / name, text);
  }
  EXPECT_EQ(directory_stamp(dir.path()), stamp);
}

TEST(DirectoryStamp, SeesEveryByteOfLargeWeights) {
  const TemporaryDirectory dir;
  write_model(dir.path());
  const fs::path weights = dir / "model-2.safetensors";
  const std::string stamp = directory_stamp(dir.path()), text = read_text_or_throw(weights);
  const auto time = fs::last_write_time(weights);
  for (const size_t at : {text.size() / 4, text.size() / 2 + 12345, text.size() - 1}) {  // a norm, say
    std::string trained = text;
    trained[at] ^= 1;
    write_text(weights, trained);
    fs::last_write_time(weights, time);
    EXPECT_NE(directory_stamp(dir.path()), stamp) << at;
  }
  write_text(weights, text + "more");
  EXPECT_NE(directory_stamp(dir.path()), stamp);
  write_text(weights, text);
  EXPECT_EQ(directory_stamp(dir.path()), stamp);
}

}  // namespace
}  // namespace vlrm::testing
