// Other language weights in a backend that goes on.
#include "random_model.h"
#include "support/support.h"

using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

using Weights = BackendOptions::Weights;

class ReplacedWeights : public ::testing::TestWithParam<Weights> {
 protected:
  std::unique_ptr<Backend> backend_of(const ModelConfig& config, const CheckpointPtr& checkpoint) const {
    BackendOptions options;
    options.device = test_device();
    options.dtype = Dtype::bf16;
    options.weights = GetParam();
    return load_backend(config, checkpoint, options);
  }
  static SharedPrefixBatch question(const ModelConfig& config) {
    SharedPrefixBatch batch;
    batch.prefix = random_tokens(config, 6, 1);
    batch.continuations = {random_tokens(config, 4, 2), random_tokens(config, 9, 3)};
    if (!config.sees()) return batch;
    batch.prefix[1] = config.image_token;
    batch.images = {random_image(config, 3, 1, "an image")};
    return batch;
  }
  static std::vector<float> rewards(Backend& backend, const ModelConfig& config) {
    const SharedPrefixBatch batch = question(config);
    return backend.rewards({&batch, 1}, {{9, 14}})[0];
  }
};

TEST_P(ReplacedWeights, GiveWhatAFreshBackendGivesBitForBit) {
  for (const ModelConfig& config : {small_mllama(Head::reward), small_llama(Head::reward)}) {
    const CheckpointPtr first = random_checkpoint(config, 5);
    const CheckpointPtr second = with_language_of(first, random_checkpoint(config, 6), config);
    const auto backend = backend_of(config, first);
    const auto before = rewards(*backend, config);
    backend->replace_language_weights(second);
    const auto after = rewards(*backend, config);
    EXPECT_NE(after, before);
    EXPECT_EQ(after, rewards(*backend_of(config, second), config));
    backend->replace_language_weights(first);
    EXPECT_EQ(rewards(*backend, config), before);
    EXPECT_EQ(backend->work().images_encoded, config.sees() ? 1 : 0);
  }
}

TEST_P(ReplacedWeights, ReplaceTheHeadOfALanguageModelToo) {
  const ModelConfig config = small_mllama(Head::language_model);
  const CheckpointPtr first = random_checkpoint(config, 5);
  const CheckpointPtr second = with_language_of(first, random_checkpoint(config, 6), config);
  const SharedPrefixBatch batch = question(config);
  const auto backend = backend_of(config, first);
  backend->replace_language_weights(second);
  EXPECT_EQ(backend->log_likelihoods({&batch, 1}, {{7, 8}}),
            backend_of(config, second)->log_likelihoods({&batch, 1}, {{7, 8}}));
}

TEST_P(ReplacedWeights, OtherShapesAreRefusedAndNothingHasChanged) {
  const ModelConfig config = small_mllama(Head::reward);
  const CheckpointPtr first = random_checkpoint(config, 5);
  const CheckpointPtr other = with_language_of(first, random_checkpoint(config, 6), config);
  const auto backend = backend_of(config, first);
  const auto before = rewards(*backend, config);
  const std::string prefix = "language_model.model.";
  for (const std::string& name : {prefix + "embed_tokens.weight", prefix + "norm.weight",
                                  prefix + "layers.5.mlp.down_proj.weight", std::string("score.weight")}) {
    const auto& columns = other->info_or_throw(name).shape;
    const CheckpointPtr wrong = reshaped(other, name, std::vector<int64_t>(columns.size(), 3));
    EXPECT_THAT(error_of([&] { backend->replace_language_weights(wrong); }), HasSubstr(name + " has the shape"));
    EXPECT_THAT(error_of([&] { backend->replace_language_weights(without(other, name)); }), HasSubstr(name));
    EXPECT_EQ(rewards(*backend, config), before) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Weights, ReplacedWeights, ::testing::Values(Weights::resident, Weights::streamed),
                         [](const auto& weights) {
                           return weights.param == Weights::resident ? "Resident" : "Streamed";
                         });

}  // namespace
}  // namespace vlrm::testing
