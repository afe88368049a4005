// Where the weights are and in which type they are kept.
#include "random_model.h"
#include "support/support.h"

namespace vlrm::testing {
namespace {

using Weights = BackendOptions::Weights;

std::unique_ptr<Backend> backend_for(const ModelConfig& config, const CheckpointPtr& checkpoint, Weights weights,
                                     Dtype dtype, int64_t memory_limit = 0) {
  BackendOptions options;
  options.device = test_device();
  options.dtype = dtype;
  options.weights = weights;
  options.memory_limit = memory_limit;
  return load_backend(config, checkpoint, options);
}

Questions questions(const ModelConfig& config, size_t count) {
  Questions result;
  for (uint64_t i = 0; i < count; ++i) {
    SharedPrefixBatch batch;
    batch.prefix = random_tokens(config, 5 + i, i);
    if (config.sees() && i % 3 != 2) {
      batch.prefix[2] = config.image_token;
      batch.images = {random_image(config, static_cast<int64_t>(1 + i % 4), i)};
    }
    batch.continuations = {random_tokens(config, 9, i + 50), random_tokens(config, 4, i + 60)};
    result.positions.push_back(
        {static_cast<int64_t>(batch.prefix.size()) + 8, static_cast<int64_t>(batch.prefix.size())});
    result.batches.push_back(std::move(batch));
  }
  return result;
}

TEST(Weights, StreamedIsResidentBitForBit) {
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16, Dtype::f16})
    for (const ModelConfig& config : {small_mllama(Head::reward), small_llama(Head::reward)}) {
      const auto checkpoint = random_checkpoint(config, 5, Dtype::bf16);
      const auto resident = backend_for(config, checkpoint, Weights::resident, dtype);
      const auto streamed = backend_for(config, checkpoint, Weights::streamed, dtype);
      EXPECT_FALSE(resident->streamed());
      EXPECT_TRUE(streamed->streamed());
      const Questions q = questions(config, 6);
      EXPECT_EQ(resident->rewards(q.batches, q.positions), streamed->rewards(q.batches, q.positions));
      EXPECT_EQ(resident->work().images_encoded, streamed->work().images_encoded);
    }
}

TEST(Weights, StreamedLikelihoodsAreResidentOnes) {
  const ModelConfig config = small_mllama(Head::language_model);
  const auto checkpoint = random_checkpoint(config, 5);
  const Questions q = questions(config, 4);
  EXPECT_EQ(backend_for(config, checkpoint, Weights::resident, Dtype::bf16)->log_likelihoods(q.batches, q.positions),
            backend_for(config, checkpoint, Weights::streamed, Dtype::bf16)->log_likelihoods(q.batches, q.positions));
}

TEST(Weights, LittleMemoryMeansStreamedAndManyPassesAndTheSameRewards) {
  const ModelConfig config = small_mllama(Head::reward);
  const auto checkpoint = random_checkpoint(config, 5);
  const auto roomy = backend_for(config, checkpoint, Weights::automatic, Dtype::f32);
  const auto tight = backend_for(config, checkpoint, Weights::automatic, Dtype::f32, 1 << 20);
  EXPECT_FALSE(roomy->streamed());
  EXPECT_TRUE(tight->streamed());
  const Questions q = questions(config, 6);
  EXPECT_EQ(roomy->rewards(q.batches, q.positions), tight->rewards(q.batches, q.positions));
}

// In float32 on a CPU; elsewhere in the half type itself.
TEST(Weights, HalfTypesAreKeptAndComputedInFloat32) {
  const ModelConfig config = small_mllama(Head::reward);
  for (const Dtype dtype : {Dtype::bf16, Dtype::f16}) {
    const double tolerance = on_cpu() ? 1e-5 : dtype == Dtype::f16 ? 0.01 : 0.1;
    const auto checkpoint = random_checkpoint(config, 5, dtype);
    const Questions q = questions(config, 3);
    const auto exact = backend_for(config, checkpoint, Weights::resident, Dtype::f32)->rewards(q.batches, q.positions);
    const auto half = backend_for(config, checkpoint, Weights::resident, dtype)->rewards(q.batches, q.positions);
    for (size_t i = 0; i < exact.size(); ++i)
      for (size_t j = 0; j < exact[i].size(); ++j) EXPECT_NEAR(half[i][j], exact[i][j], tolerance);
  }
}

TEST(Weights, TiedHeadIsTheEmbedding) {
  ModelConfig config = small_llama(Head::language_model);
  const auto checkpoint = random_checkpoint(config, 5);
  config.text.tie_word_embeddings = true;
  const Questions q = questions(config, 2);
  const auto tied = backend_for(config, without(checkpoint, "lm_head.weight"), Weights::resident, Dtype::f32);
  for (const auto& texts : tied->log_likelihoods(q.batches, q.positions))
    for (const double likelihood : texts) EXPECT_LT(likelihood, 0);
}

}  // namespace
}  // namespace vlrm::testing
