// What cannot be run is refused in one line. Each of these errors is thrown inside the loaded library, and is an Error
// on this side of it.
#include <cstdlib>

#include "random_model.h"
#include "support/support.h"
#include "vision/mllama_processor.h"

namespace vlrm::testing {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<Backend> backend_for(const ModelConfig& config, const CheckpointPtr& checkpoint,
                                     const std::string& device = test_device(), Dtype dtype = Dtype::f32) {
  BackendOptions options;
  options.device = device;
  options.dtype = dtype;
  return load_backend(config, checkpoint, options);
}

std::string loading_error(const ModelConfig& config, const CheckpointPtr& checkpoint,
                          const std::string& device = test_device(), Dtype dtype = Dtype::f32) {
  return error_of([&] { backend_for(config, checkpoint, device, dtype); });
}

// The error of loading a backend from another library. Skipped where a test before has loaded the right one: ctest runs
// each in a process of its own.
std::string error_with_library(const std::string& path) {
  ::setenv("VLRM_MODEL_LIBRARY", path.c_str(), 1);
  std::string line;
  try {
    backend_for(small_llama(Head::reward), random_checkpoint(small_llama(Head::reward), 1));
  } catch (const Error& error) {
    line = error.what();
  }
  ::unsetenv("VLRM_MODEL_LIBRARY");
  return line;
}

TEST(Library, ThatIsNone) {
  const TemporaryDirectory directory;
  write_text(directory / "nonsense.so", "no library");
  const std::string error = error_with_library(directory / "nonsense.so");
  if (error.empty()) GTEST_SKIP() << "the library was loaded before";
  EXPECT_THAT(error, HasSubstr("nonsense.so: cannot be loaded"));
}

TEST(Library, ThatIsAnother) {
  const std::string error = error_with_library("libm.so.6");
  if (error.empty()) GTEST_SKIP() << "the library was loaded before";
  EXPECT_EQ(error, "libm.so.6: not this program's library: it has no vlrm_make_backend");
}

TEST(Errors, ATensorIsMissing) {
  const ModelConfig config = small_mllama(Head::reward);
  const std::string name = "language_model.model.layers.1.cross_attn.k_norm.weight";
  EXPECT_THAT(loading_error(config, without(random_checkpoint(config, 1), name)), HasSubstr(name));
}

TEST(Errors, ATensorHasAnotherShape) {
  const ModelConfig config = small_mllama(Head::reward);
  const auto checkpoint = reshaped(random_checkpoint(config, 1), "vision_model.class_embedding", {25});
  EXPECT_EQ(
      loading_error(config, checkpoint),
      "random model: tensor vision_model.class_embedding has the shape [25], but the configuration asks for [24]");
}

TEST(Errors, StreamedWeightsAreCheckedBeforeTheyAreNeeded) {
  const ModelConfig config = small_llama(Head::reward);
  BackendOptions options;
  options.device = test_device();
  options.weights = BackendOptions::Weights::streamed;
  EXPECT_THAT(error_of([&] {
                load_backend(config, without(random_checkpoint(config, 1), "model.layers.3.mlp.up_proj.weight"),
                             options);
              }),
              HasSubstr("model.layers.3.mlp.up_proj.weight"));
}

TEST(Errors, TypesThatAreNoFloats) {
  const ModelConfig config = small_llama(Head::reward);
  EXPECT_THAT(loading_error(config, random_checkpoint(config, 1), test_device(), Dtype::i64),
              HasSubstr("float32, float16 or bfloat16"));
  const auto checkpoint = reshaped(random_checkpoint(config, 1), "model.norm.weight", {48}, Dtype::i32);
  EXPECT_EQ(loading_error(config, checkpoint),
            "random model: tensor model.norm.weight is I32, but weights must be F32, F16 or BF16");
}

// A checkpoint that claims more than any memory holds. libtorch throws here, and its error arrives as ours.
class Boastful : public Checkpoint {
 public:
  explicit Boastful(CheckpointPtr source) : source_(std::move(source)), infos_(source_->tensors()) {
    for (TensorInfo& info : infos_)
      if (info.name == "model.embed_tokens.weight") info.shape[0] = int64_t{1} << 44;
  }
  const std::vector<TensorInfo>& tensors() const override { return infos_; }
  std::unique_ptr<TensorReader> prepare(std::string_view name) const override { return source_->prepare(name); }
  std::string description() const override { return source_->description(); }

 private:
  CheckpointPtr source_;
  std::vector<TensorInfo> infos_;
};

TEST(Errors, MemoryThatIsNotThere) {
  const ModelConfig config = small_llama(Head::reward);
  BackendOptions options;
  options.device = test_device();
  options.weights = BackendOptions::Weights::resident;
  const auto checkpoint = std::make_shared<Boastful>(random_checkpoint(config, 1));
  EXPECT_THAT(error_of([&] { load_backend(config, checkpoint, options); }), HasSubstr("memory is not enough: "));
}

TEST(Errors, ADeviceThatIsNotThere) {
  const ModelConfig config = small_llama(Head::reward);
  const auto error = [&](const std::string& device) {
    return loading_error(config, random_checkpoint(config, 1), device);
  };
  // libtorch has names for mps, meta and cpu:1 too, but nothing runs there.
  for (const std::string device : {"tpu", "cuda:x", "cuda:-1", "mps", "meta", "cpu:1", ""})
    EXPECT_EQ(error(device), "device \"" + device + "\": not known; there are cpu, cuda and cuda:0, cuda:1 …");
  EXPECT_THAT(error("cuda:99"), ::testing::MatchesRegex("device \"cuda:99\": not there; this libtorch sees [0-9]+ CUDA "
                                                        "devices"));
}

TEST(Errors, AHeadThatIsNotThere) {
  const SharedPrefixBatch batch{{}, {1, 2}, {{3}}};
  const ModelConfig reward = small_llama(Head::reward), language = small_llama(Head::language_model);
  const auto rewards = backend_for(reward, random_checkpoint(reward, 1));
  const auto likelihoods = backend_for(language, random_checkpoint(language, 1));
  EXPECT_THAT(error_of([&] { rewards->log_likelihoods({&batch, 1}, {{1}}); }), HasSubstr("reward head"));
  EXPECT_THAT(error_of([&] { likelihoods->rewards({&batch, 1}, {{1}}); }), HasSubstr("no reward head"));
}

TEST(Errors, TokensPositionsAndImagesThatDoNotFit) {
  const ModelConfig config = small_mllama(Head::reward);
  const auto backend = backend_for(config, random_checkpoint(config, 1));
  const auto error = [&](const SharedPrefixBatch& batch, int64_t position) {
    return error_of([&] { backend->rewards({&batch, 1}, {{position}}); });
  };
  EXPECT_EQ(error({{}, {1, 2}, {{3}}}, 3), "position 3 is outside a text of 3 tokens");
  EXPECT_EQ(error({{}, {1, 2}, {{3}}}, -1), "position -1 is outside a text of 3 tokens");
  EXPECT_THAT(error({{}, {1, 104}, {{3}}}, 2), HasSubstr("id 104 is outside the 104 rows"));
  EXPECT_THAT(error({{}, {1, -7}, {{3}}}, 2), HasSubstr("id -7 is outside"));
  EXPECT_THAT(error({{random_image(config, 1, 1)}, {1, 2}, {{3}}}, 2),
              HasSubstr("0 image tokens, but its 1 images take 1"));
  auto image = std::make_shared<ProcessedImage>(*random_image(config, 1, 1));
  image->grid = MllamaGrid{1, 1, 56, 4}.values();
  EXPECT_THAT(error({{image}, {1, config.image_token}, {{3}}}, 2), HasSubstr("do not belong together"));
}

TEST(Errors, ATargetWithoutARowInTheHead) {
  const ModelConfig config = small_mllama(Head::language_model);
  const auto backend = backend_for(config, random_checkpoint(config, 1));
  const SharedPrefixBatch batch{{}, {1, 2}, {{config.image_token}}};
  EXPECT_THAT(error_of([&] { backend->log_likelihoods({&batch, 1}, {{2}}); }), HasSubstr("token 96 has no row"));
  EXPECT_THAT(error_of([&] { backend->log_likelihoods({&batch, 1}, {{0}}); }), HasSubstr("position 0 is outside"));
}

}  // namespace
}  // namespace vlrm::testing
