// Texts that go through a layer together, in half types: what a GPU does in one product and one call of attention.
#include "random_model.h"
#include "support/support.h"

namespace vlrm::testing {
namespace {

struct Shape {
  std::vector<int64_t> tiles;     // of each image
  std::vector<size_t> responses;  // their lengths
  bool side_by_side = false;      // the images' tokens
};

SharedPrefixBatch text_of(const ModelConfig& config, const Shape& shape, uint64_t seed) {
  SharedPrefixBatch batch;
  batch.prefix = random_tokens(config, 3, seed);
  for (const int64_t tiles : shape.tiles) {
    batch.images.push_back(random_image(config, tiles, seed++));
    batch.prefix.push_back(config.image_token);
    if (shape.side_by_side) continue;
    for (const int32_t token : random_tokens(config, 2, seed)) batch.prefix.push_back(token);
  }
  for (const size_t length : shape.responses) batch.continuations.push_back(random_tokens(config, length, ++seed));
  return batch;
}

// Images before and between words, groups without images, one response and several, an empty one.
Questions all_shapes(const ModelConfig& config, bool single_responses) {
  std::vector<Shape> shapes{{{2}, {5}}, {{1, 3}, {4}}, {{4, 2}, {7}, true}, {{}, {6}}};
  if (!single_responses) shapes = {{{2}, {5, 0, 9}}, {{1, 3}, {4, 1}}, {{3, 1, 2}, {2, 2, 8}, true}, {{}, {6, 3}}};
  Questions result;
  for (Shape& shape : shapes) {
    if (!config.sees()) shape.tiles.clear();
    SharedPrefixBatch batch = text_of(config, shape, 10 * result.batches.size() + 3);
    std::vector<int64_t> ends;
    for (const auto& continuation : batch.continuations)
      ends.push_back(static_cast<int64_t>(batch.prefix.size() + continuation.size()) - 1);
    result.positions.push_back(std::move(ends));
    result.batches.push_back(std::move(batch));
  }
  return result;
}

// Heads of 8, which attention of half types takes.
ModelConfig wide_heads(ModelConfig config) {
  config.text.head_size = 8;
  return config;
}

std::unique_ptr<Backend> backend_of(const ModelConfig& config, const CheckpointPtr& weights, Dtype dtype,
                                    bool batch_invariant = false) {
  BackendOptions options;
  options.device = test_device();
  options.dtype = dtype;
  options.batch_invariant = batch_invariant;
  return load_backend(config, weights, options);
}

TEST(Together, HalfTypesGiveWhatFloat32Gives) {
  for (const ModelConfig& config : {wide_heads(small_mllama(Head::reward)), wide_heads(small_llama(Head::reward))})
    for (const bool single : {false, true}) {
      const CheckpointPtr weights = random_checkpoint(config, 7, Dtype::f16);
      const Questions asked = all_shapes(config, single);
      const auto exact = backend_of(config, weights, Dtype::f32)->rewards(asked.batches, asked.positions);
      for (const bool invariant : {false, true}) {
        const auto half = backend_of(config, weights, Dtype::f16, invariant)->rewards(asked.batches, asked.positions);
        for (size_t i = 0; i < exact.size(); ++i)
          for (size_t j = 0; j < exact[i].size(); ++j) EXPECT_NEAR(half[i][j], exact[i][j], 0.01) << i << ' ' << j;
      }
    }
}

TEST(Together, BatchInvariantScoresDoNotDependOnTheBatch) {
  const ModelConfig config = wide_heads(small_mllama(Head::reward));
  const auto backend = backend_of(config, random_checkpoint(config, 7, Dtype::f16), Dtype::f16, true);
  const Questions asked = all_shapes(config, false);
  const auto together = backend->rewards(asked.batches, asked.positions);
  for (size_t i = 0; i < together.size(); ++i)
    EXPECT_EQ(backend->rewards(std::span(&asked.batches[i], 1), {asked.positions[i]})[0], together[i]) << i;
}

// The logits of each step, of texts that are continued by given tokens; the second of each group ends after two.
std::vector<std::vector<float>> written(Backend& backend, std::span<const SharedPrefixBatch> prompts, int steps) {
  const auto writer = backend.write_texts();
  std::vector<std::vector<float>> result;
  const auto half = prompts.size() / 2;
  result.push_back(writer->begin(prompts.subspan(0, half), std::vector<int64_t>(half, 3)).values);
  std::vector<TextWriter::Next> next(half, {{0, 1, 2}, {5, 6, 7}});
  result.push_back(writer->step(next).values);
  result.push_back(writer->begin(prompts.subspan(half), std::vector<int64_t>(prompts.size() - half, 3)).values);
  next.resize(prompts.size(), {{0, 1, 2}, {5, 6, 7}});
  for (int step = 0; step < steps; ++step) {
    if (step == 2) next.assign(prompts.size(), {{2, 0}, {9, 8}});
    if (step == 3) next.assign(prompts.size(), {{0, 1}, {4, 3}});
    if (step == steps - 1) next[0] = {};  // a group ends
    result.push_back(writer->step(next).values);
  }
  return result;
}

TEST(Together, TextsInPagesAreThoseOfFloat32) {
  for (const ModelConfig& config :
       {wide_heads(small_mllama(Head::language_model)), wide_heads(small_llama(Head::language_model))}) {
    const CheckpointPtr weights = random_checkpoint(config, 7, Dtype::f16);
    std::vector<SharedPrefixBatch> prompts = all_shapes(config, false).batches;
    prompts.push_back(prompts[0]);
    for (auto& prompt : prompts) prompt.continuations.clear();
    for (const int32_t token : random_tokens(config, 252, 1)) prompts[0].prefix.push_back(token);  // into a second page
    for (const int32_t token : random_tokens(config, 600, 2)) prompts[1].prefix.push_back(token);
    prompts[2].prefix.resize(256, 3);  // just full
    const auto exact = written(*backend_of(config, weights, Dtype::f32), prompts, 9);
    const auto half = written(*backend_of(config, weights, Dtype::f16), prompts, 9);
    for (size_t step = 0; step < exact.size(); ++step) {
      ASSERT_EQ(half[step].size(), exact[step].size());
      for (size_t i = 0; i < exact[step].size(); ++i)
        ASSERT_NEAR(half[step][i], exact[step][i], 0.03) << step << ' ' << i;
    }
  }
}

}  // namespace
}  // namespace vlrm::testing
