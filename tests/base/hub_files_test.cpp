#include "base/hub_files.h"

#include "base/command.h"
#include "base/hub_download.h"
#include "base/python_packages.h"
#include "support/support.h"

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

// A snapshot with `names` as files, in a cache that lists `list` as the repository's files, if it is not "".
fs::path snapshot_with(const TemporaryDirectory& dir, const std::vector<std::string>& names, const std::string& list) {
  const fs::path repository = dir / "models--org--name";
  fs::path snapshot = repository / "snapshots" / "c1";
  fs::create_directories(snapshot);
  for (const std::string& name : names) write_text(snapshot / name, "");
  if (!list.empty()) write_text(repository / "trees" / "c1.json", list);
  return snapshot;
}

// The list of a repository with these files, all empty.
std::string list_of(const std::vector<std::string>& names) {
  Json files = Json::object();
  for (const std::string& name : names)
    files[name] = {{"size", 0}, {"blob_id", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"}};
  return Json{{"format_version", 1}, {"files", files}}.dump();
}

TEST(HubPatterns, AModelIsWhatWeRead) {
  const auto wanted = [](const char* path) { return patterns_of(HubFiles::model).match(path); };
  for (const char* path : {"config.json",
                           "generation_config.json",
                           "preprocessor_config.json",
                           "processor_config.json",
                           "video_preprocessor_config.json",
                           "tokenizer.json",
                           "tokenizer_config.json",
                           "tokenizer.model",
                           "special_tokens_map.json",
                           "added_tokens.json",
                           "vocab.json",
                           "vocab.txt",
                           "merges.txt",
                           "chat_template.jinja",
                           "chat_template.json",
                           "model.safetensors",
                           "model-00001-of-00005.safetensors",
                           "model.safetensors.index.json",
                           "adapter_config.json",
                           "adapter_model.safetensors",
                           "value_head.safetensors",
                           "LICENSE",
                           "LICENSE.txt",
                           "USE_POLICY.md",
                           "modeling_x.py"})
    EXPECT_TRUE(wanted(path)) << path;
  for (const char* path :
       {"original/consolidated.00.pth", "original/tokenizer.model", "original/model.safetensors", "pytorch_model.bin",
        "pytorch_model.bin.index.json", "consolidated.safetensors", "consolidated-00001-of-2.safetensors", "x.gguf",
        "x.pth", "README.md", ".gitattributes", "onnx/model.onnx", "runs/events", "figure.png", "trainer_state.json"})
    EXPECT_FALSE(wanted(path)) << path;
}

TEST(HubPatterns, TextsAreAModelWithoutItsWeights) {
  const HubPatterns& texts = patterns_of(HubFiles::texts);
  EXPECT_TRUE(texts.match("tokenizer.json"));
  EXPECT_FALSE(texts.match("model.safetensors"));
  EXPECT_FALSE(texts.match("a/tokenizer.json"));
}

TEST(HubPatterns, ADatasetIsRowsAndWhatTheyName) {
  const HubPatterns& dataset = patterns_of(HubFiles::dataset);
  for (const char* path : {"README.md", "data/test-00000-of-00001.parquet", "x.jsonl", "a b/c.arrow", "images/1.png",
                           "dataset_dict.json", "test/state.json"})
    EXPECT_TRUE(dataset.match(path)) << path;
  for (const char* path : {"load.py", "images.zip", "a/b.tar.gz", "a/.cache/x", ".gitattributes", "clip.mp4", "x.csv"})
    EXPECT_FALSE(dataset.match(path)) << path;
}

TEST(HubFiles, MissingShardsAreNamed) {
  const TemporaryDirectory dir;
  const std::string list =
      list_of({"config.json", "LICENSE", "README.md", "1.safetensors", "2.safetensors", "3.safetensors"});
  const fs::path snapshot = snapshot_with(dir, {"config.json", "2.safetensors"}, list);
  EXPECT_EQ(lack_of(snapshot, HubFiles::model), "2 of 3 shards are missing: 1.safetensors, 3.safetensors");
  EXPECT_EQ(lack_of(snapshot / "", HubFiles::model), lack_of(snapshot, HubFiles::model));
  EXPECT_EQ(lack_of(snapshot, HubFiles::texts), "");
  write_text(snapshot / "1.safetensors", "");
  EXPECT_EQ(lack_of(snapshot, HubFiles::model), "1 of 3 shards is missing: 3.safetensors");
  fs::remove(snapshot / "config.json");
  EXPECT_EQ(lack_of(snapshot, HubFiles::model), "2 of 4 files are missing: 3.safetensors, config.json");
  EXPECT_EQ(lack_of(snapshot, HubFiles::texts), "1 of 1 file is missing: config.json");
  const TemporaryDirectory other;
  EXPECT_EQ(
      lack_of(snapshot_with(other, {}, list_of({"1.safetensors", "model.safetensors.index.json"})), HubFiles::model),
      "1 of 1 shard is missing: 1.safetensors");
}

TEST(HubFiles, WithoutAListTheIndexTells) {
  const TemporaryDirectory dir;
  const fs::path snapshot = snapshot_with(dir, {"config.json"}, "");
  EXPECT_EQ(lack_of(snapshot, HubFiles::model), "");
  EXPECT_TRUE(may_lack_weights(snapshot));
  const fs::path index = snapshot / "model.safetensors.index.json";
  for (const char* text : {"", "[]", "{\"weight_map\": 1}", "{\"weight_map\": {\"a\": 1}}",
                           "{\"weight_map\": {\"a\": \"../../../x.safetensors\"}}"}) {
    write_text(index, text);
    EXPECT_EQ(lack_of(snapshot, HubFiles::model), "") << text;
  }
  write_text(index, R"({"weight_map": {"a": "1.safetensors", "b": "2.safetensors", "c": "1.safetensors"}})");
  EXPECT_EQ(lack_of(snapshot, HubFiles::model), "2 of 2 shards are missing: 1.safetensors, 2.safetensors");
  EXPECT_EQ(lack_of(snapshot, HubFiles::texts), "");
  EXPECT_FALSE(may_lack_weights(snapshot));
}

TEST(HubFiles, WeightsThatNoIndexNamesAreNotMissed) {
  const TemporaryDirectory dir;
  const fs::path snapshot = snapshot_with(dir, {"1.safetensors"},
                                          list_of({"model-1.safetensors", "model.fp16.safetensors",
                                                   "value_head.safetensors", "model.safetensors.index.json"}));
  write_text(snapshot / "model.safetensors.index.json", R"({"weight_map": {"a": "model-1.safetensors"}})");
  EXPECT_EQ(lack_of(snapshot, HubFiles::model),
            "2 of 2 shards are missing: model-1.safetensors, value_head.safetensors");
}

TEST(HubFiles, AListOfAnotherKindIsNone) {
  const TemporaryDirectory dir;
  for (const char* list : {"x", "[]", "{}", R"({"format_version": 2, "files": {}})", R"({"format_version": 1})",
                           R"({"format_version": 1, "files": {"../x": {"size": 1}}})",
                           R"({"format_version": 1, "files": {"/x": {"size": 1}}})",
                           R"({"format_version": 1, "files": {"x": {"size": "1"}}})"})
    EXPECT_EQ(files_of_tree(snapshot_with(dir, {}, list)), std::nullopt) << list;
  EXPECT_EQ(files_of_tree(dir.path()), std::nullopt);
  EXPECT_EQ(files_of_tree(snapshot_with(dir, {}, list_of({"x"})))->size(), 1U);
}

TEST(HubFiles, ChangedFilesAreFound) {
  const TemporaryDirectory dir;
  Json list = Json::parse(list_of({"empty", "gone"}));
  list["files"]["text"] = {{"size", 3}, {"blob_id", "f2ba8f84ab5c1bce84a7b441cb1959cfc7093b7f"}};
  list["files"]["large"] = {{"size", 3},
                            {"blob_id", ""},
                            {"lfs_size", 3},
                            {"lfs_sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}};
  const fs::path snapshot = snapshot_with(dir, {"empty"}, list.dump());
  write_text(snapshot / "text", "abc");
  write_text(snapshot / "large", "abc");
  EXPECT_THAT(changed_files(snapshot), ElementsAre());
  write_text(snapshot / "large", "abd");
  write_text(snapshot / "text", "ab");
  EXPECT_THAT(changed_files(snapshot),
              ElementsAre(HasSubstr("large: is not the file that the hub has"), HasSubstr("text: is not the file")));
  EXPECT_THAT(error_of([&] { changed_files(dir.path()); }), HasSubstr("has no list of its files"));
}

TEST(HubDownload, RunsTheHfBesideThePackageThatAPythonImports) {
  const TemporaryDirectory dir;
  const fs::path hf = dir / "env" / "bin" / "hf", package = dir / "env/lib/python3.11/site-packages/huggingface_hub";
  fs::create_directories(package);
  write_text(hf, "#!/bin/sh\nfor word; do echo \"$word\"; done > " + (dir / "words").string() +
                     "\necho '[{\"size\": \"-\"}]'\n");
  fs::permissions(hf, fs::perms::owner_all);
  ::unsetenv("VLRM_HF");
  prefer_python_package("huggingface_hub", package);
  download_from_hub(
      {"org/name@v2", "org/name", "v2", HubFiles::dataset, dir / "cache", dir / "cache/datasets--org--name"});
  EXPECT_THAT(read_text_or_throw(dir / "words"),
              ::testing::StartsWith("download\norg/name\n--repo-type\ndataset\n--revision\nv2\n--cache-dir\n" +
                                    (dir / "cache").string() + "\n--include\n*\n--exclude\n"));
}

TEST(Command, KeepsTheEndOfWhatItSaysToStandardError) {
  const auto both = run_command({"sh", "-c", "echo out; echo said >&2; exit 3"}, CommandErrors::kept);
  ASSERT_TRUE(both.has_value());
  EXPECT_EQ(both->exit_code, 3);
  EXPECT_EQ(both->output, "out\n");
  EXPECT_EQ(both->errors, "said\n");
  const auto much = run_command({"sh", "-c", "head -c 3000000 /dev/zero >&2; echo end >&2"}, CommandErrors::kept);
  EXPECT_LT(much->errors.size(), 200'000U);
  EXPECT_TRUE(much->errors.ends_with("end\n"));
  EXPECT_EQ(run_command({"sh", "-c", "echo said >&2"}, CommandErrors::dropped)->errors, "");
  int calls = 0;
  run_command({"sh", "-c", "sleep 0.5"}, CommandErrors::kept, 100, [&] { ++calls; });
  EXPECT_GT(calls, 1);
}

}  // namespace
}  // namespace vlrm::testing
