#include "artifact/output.h"

#include <algorithm>
#include <fstream>

#include "build/steps.h"
#include "build/tiny_family.h"
#include "support/support.h"
#include "weights/views.h"

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace vlrm::testing {
namespace {

class Output : public ::testing::Test {
 protected:
  std::vector<std::string> build(const OutputOptions& options, Dtype dtype = Dtype::bf16) const {
    const Recipe recipe = recipe_from_flags({.method = "task_arithmetic", .weight = 0.5});
    Manifest manifest("build", {{"recipe", recipe_to_json(recipe)}});
    const auto planned = plan_build({family.vlm, family.rm, family.base}, recipe, dtype, manifest.watcher());
    return write_output(planned, options, manifest);
  }
  std::vector<std::string> build() const { return build({.directory = dir / "out"}); }
  // A byte of a weight file, turned over.
  void damage(const fs::path& file) const {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(-1, std::ios::end);
    const char last = static_cast<char>(stream.get());
    stream.seekp(-1, std::ios::end);
    stream.put(static_cast<char>(last ^ 1));
  }

  const TemporaryDirectory dir;
  const TinyFamily family{dir.path()};
};

TEST_F(Output, SideFilesComeAlongAndWhatDoesNotIsSaid) {
  for (const char* name : {"preprocessor_config.json", "chat_template.json", "generation_config.json", "LICENSE.txt"})
    write_text(family.vlm / name, name);
  write_text(family.vlm / "README.md", "x");
  write_text(family.vlm / "pytorch_model.bin", "not to be read");
  write_text(family.vlm / ".gitattributes", "x");
  fs::create_directory(family.vlm / "original");
  const auto notes = build();
  std::set<std::string> files;
  for (const auto& entry : fs::directory_iterator(dir / "out")) files.insert(entry.path().filename().string());
  EXPECT_THAT(files, ElementsAre("LICENSE.txt", "chat_template.json", "config.json", "generation_config.json",
                                 "model.safetensors", "modeling_vlrm.py", "preprocessor_config.json", "tokenizer.json",
                                 "vlrm_manifest.json"));
  ASSERT_EQ(notes.size(), 3);
  EXPECT_THAT(notes, Contains(HasSubstr("pytorch_model.bin: not copied (weights of another format, never read)")));
  EXPECT_THAT(notes, Contains(HasSubstr("original: not copied (a directory)")));
  const Json config = read_json_or_throw(dir / "out/config.json");
  EXPECT_EQ(config.at("architectures"), Json::array({"MllamaForSequenceClassification"}));
  EXPECT_EQ(config.at("id2label"), Json::object({{"0", "LABEL_0"}}));
  EXPECT_EQ(config.at("torch_dtype"), "bfloat16");
  EXPECT_EQ(open_checkpoint(dir / "out")->info_or_throw("score.weight").dtype, Dtype::bf16);
}

TEST_F(Output, StandsWholeOrNotAtAll) {
  build();
  EXPECT_THAT(error_of([&] { build(); }), HasSubstr("exists already; `force`"));
  build({.directory = dir / "out", .force = true}, Dtype::f32);
  EXPECT_EQ(open_checkpoint(dir / "out")->info_or_throw("score.weight").dtype, Dtype::f32);
  fs::resize_file(family.rm / "model.safetensors", fs::file_size(family.rm / "model.safetensors") - 1);
  EXPECT_THAT(error_of([&] { build({.directory = dir / "other"}); }), HasSubstr("model.safetensors"));
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), fs::directory_iterator()), 4);
}

TEST_F(Output, WhatLostItsWeightsIsNotTakenForFinished) {
  const OutputOptions resumed{.directory = dir / "out", .resume = true};
  build(resumed);
  EXPECT_THAT(build(resumed), Contains(HasSubstr("is there already, of the same settings and inputs")));
  fs::resize_file(dir / "out/model.safetensors", 8);
  EXPECT_THAT(error_of([&] { build(resumed); }),
              HasSubstr("out: was finished, but model.safetensors has 8 bytes, not"));
  fs::remove(dir / "out/model.safetensors");
  EXPECT_THAT(error_of([&] { build(resumed); }), HasSubstr("model.safetensors is gone; `force` merges again"));
  build({.directory = dir / "out", .force = true});
  fs::remove(dir / "out/config.json");
  EXPECT_THAT(error_of([&] { build(resumed); }), HasSubstr("config.json is gone"));
}

TEST_F(Output, TheNullSinkWritesNothing) {
  build({.null_sink = true});
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), fs::directory_iterator()), 3);
}

TEST_F(Output, ShardsHoldTheSameTensors) {
  build({.directory = dir / "out"}, Dtype::f32);
  build({.directory = dir / "shards", .max_shard_bytes = 500}, Dtype::f32);
  EXPECT_TRUE(fs::exists(dir / "shards/model.safetensors.index.json"));
  const auto whole = open_checkpoint(dir / "out"), shards = open_checkpoint(dir / "shards");
  ASSERT_EQ(whole->tensors().size(), shards->tensors().size());
  for (const TensorInfo& tensor : whole->tensors())
    EXPECT_EQ(read_all_float32(*whole, tensor.name), read_all_float32(*shards, tensor.name));
}

TEST_F(Output, TheManifestTellsInputsFromOthers) {
  build();
  EXPECT_THAT(changed_inputs(dir / "out"), IsEmpty());
  damage(family.rm / "model.safetensors");  // of score.weight, the last tensor
  ASSERT_EQ(changed_inputs(dir / "out").size(), 1);
  EXPECT_THAT(changed_inputs(dir / "out")[0], HasSubstr("rm (" + family.rm.string() + "): its weights are others now"));
  damage(family.rm / "model.safetensors");
  EXPECT_THAT(changed_inputs(dir / "out"), IsEmpty());
  write_text(family.base / "tokenizer.json", tokenizer("<more>"));
  EXPECT_THAT(changed_inputs(dir / "out").at(0), HasSubstr("base"));
  EXPECT_THAT(changed_inputs(dir / "out").at(0), HasSubstr("tokenizer.json is another file now"));
  fs::remove_all(family.base);
  EXPECT_THAT(changed_inputs(dir / "out").at(0), HasSubstr("its directory is gone"));
}

TEST_F(Output, TheManifestRebuildsTheRecipe) {
  build();
  const Json manifest = read_json_or_throw(dir / "out" / kManifestName);
  const Recipe recipe = parse_recipe_or_throw(manifest.at("settings").at("recipe").dump(), "manifest");
  EXPECT_EQ(recipe.method->name, "task_arithmetic");
  EXPECT_EQ(recipe.base_model, "base");
}

TEST_F(Output, AMalformedManifestIsAnError) {
  EXPECT_THAT(error_of([&] { changed_inputs(family.vlm); }), HasSubstr("vlrm_manifest.json"));
  const auto error = [&](const std::string& text) {
    write_text(dir / kManifestName, text);
    return error_of([&] { changed_inputs(dir.path()); });
  };
  EXPECT_THAT(error("{}"), HasSubstr("\"inputs\" is missing"));
  EXPECT_THAT(error("{\"inputs\": []}"), HasSubstr("\"inputs\" is no object"));
  EXPECT_THAT(error("{\"inputs\": {\"vlm\": {}}}"), HasSubstr("\"directory\" is missing"));
  EXPECT_THAT(error("{\"inputs\": {\"vlm\": 3}}"), HasSubstr("\"directory\" is missing"));
  EXPECT_THAT(error("{\"inputs\": {\"vlm\": {\"directory\": \"/\"}}}"), HasSubstr("\"files\" is missing"));
}

TEST_F(Output, FilesInTheHubCacheAreKnownByTheirBlobs) {
  const std::string sha256(64, 'a');
  fs::create_directories(dir / "models--o--rm/blobs");
  const fs::path snapshot = dir / "models--o--rm/snapshots/1";
  fs::create_directories(snapshot);
  fs::rename(family.rm / "model.safetensors", dir / "models--o--rm/blobs" / sha256);
  fs::create_symlink("../../blobs/" + sha256, snapshot / "model.safetensors");
  for (const char* name : {"config.json", "tokenizer.json"}) fs::rename(family.rm / name, snapshot / name);
  fs::remove(family.rm);
  fs::create_directory_symlink(snapshot, family.rm);
  build();
  const Json rm = read_json_or_throw(dir / "out" / kManifestName).at("inputs").at("rm");
  EXPECT_EQ(rm.at("files").at("model.safetensors"), "sha256:" + sha256);
  EXPECT_THAT(changed_inputs(dir / "out"), IsEmpty());
  // The same content outside the cache is the same input, other content is not.
  fs::remove(family.rm);
  fs::create_directory(family.rm);
  for (const char* name : {"config.json", "tokenizer.json", "model.safetensors"})
    fs::copy_file(snapshot / name, family.rm / name);
  EXPECT_THAT(changed_inputs(dir / "out"), IsEmpty());
  damage(family.rm / "model.safetensors");
  EXPECT_THAT(changed_inputs(dir / "out").at(0), HasSubstr("its weights are others now"));
}

TEST(FingerprintTest, DoesNotDependOnHowTensorsAreRead) {
  auto memory = std::make_shared<MemoryCheckpoint>();
  memory->add_counting("a", {200'000}).add_counting("b", {3}).add_counting("c", {1});
  const std::string whole = fingerprint_of(memory, {"c"});
  for (const int64_t stretch : {65'536, 1000, 131'072}) {
    const Fingerprint fingerprint(memory);
    for (const char* name : {"b", "a"}) {
      const auto tensor = fingerprint.checkpoint()->prepare(name);
      std::vector<float> values(static_cast<size_t>(stretch));
      // From the end, and not all of it: what is missing is read for the digest.
      for (int64_t first = tensor->info().elements() / stretch * stretch; first > 0; first -= stretch)
        tensor->read_float32(first, std::min(stretch, tensor->info().elements() - first), values.data());
    }
    EXPECT_EQ(fingerprint.digest(), whole) << stretch;
    EXPECT_THAT(fingerprint.left_out(), ElementsAre("c"));
  }
  EXPECT_NE(fingerprint_of(memory, {}), whole);
  auto other = std::make_shared<MemoryCheckpoint>();
  other->add_counting("a", {200'000}).add_counting("b", {3}, 1).add_counting("c", {1});
  EXPECT_NE(fingerprint_of(other, {"c"}), whole);
}

}  // namespace
}  // namespace vlrm::testing
