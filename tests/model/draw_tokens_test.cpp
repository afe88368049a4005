// Tokens that a device draws, against those that the sampler draws on the CPU.
#include "model/draw_tokens.h"

#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "generate/sampler.h"
#include "support/device.h"

namespace vlrm::testing {
namespace {

constexpr int64_t kTexts = 40, kVocabulary = 300;

// With ties: the numbers are multiples of 1/8.
at::Tensor some_logits() {
  return at::arange(kTexts * kVocabulary, at::kFloat)
      .mul_(7.3)
      .sin_()
      .mul_(40)
      .round_()
      .div_(8)
      .view({kTexts, kVocabulary});
}

void expect_the_samplers(const SamplingOptions& options) {
  const c10::InferenceMode no_gradients;
  const at::Tensor logits = some_logits();
  std::vector<std::vector<int32_t>> texts;
  std::vector<Sampler> samplers;
  std::vector<DrawInput> inputs;
  for (int32_t i = 0; i < kTexts; ++i) {
    std::vector<int32_t> text(static_cast<size_t>(1 + i % 7), 3 * i);
    text.push_back(static_cast<int32_t>(kVocabulary));  // an image's token has no logit
    text.push_back(static_cast<int32_t>(logits[i].argmax().item<int64_t>()));
    texts.push_back(std::move(text));
    samplers.emplace_back(options, static_cast<uint64_t>(i));
  }
  for (size_t i = 0; i < texts.size(); ++i) inputs.push_back(samplers[i].input(texts[i]));
  const auto drawn = draw_tokens(logits.to(at::Device(test_device())), options, inputs);
  ASSERT_EQ(drawn.size(), texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    const float* row = logits.const_data_ptr<float>() + static_cast<int64_t>(i) * kVocabulary;
    const Drawn expected = samplers[i].next({row, row + kVocabulary}, texts[i]);
    EXPECT_EQ(drawn[i].token, expected.token) << i;
    EXPECT_NEAR(drawn[i].log_probability, expected.log_probability, 1e-6) << i;
  }
}

TEST(DrawTokens, AreThoseOfTheSampler) {
  expect_the_samplers({});
  expect_the_samplers({.repetition_penalty = 3});
  expect_the_samplers({.temperature = 1});
  expect_the_samplers({.temperature = 1.7, .repetition_penalty = 0.5});
  expect_the_samplers({.temperature = 0.7, .top_k = 5});
  expect_the_samplers({.temperature = 2.5, .top_k = 1000, .top_p = 0.8});
  expect_the_samplers({.temperature = 3, .top_k = 60, .top_p = 0.6, .repetition_penalty = 1.3});
  expect_the_samplers({.temperature = 1, .top_p = 1e-9});
}

TEST(DrawTokens, TheFirstAndTheLastNumber) {
  const c10::InferenceMode no_gradients;
  const at::Tensor logits = at::full({2, 4}, -1.0, at::kFloat);
  const std::vector<DrawInput> inputs{{0, {}}, {1 - 0x1p-53, {}}};
  const auto drawn = draw_tokens(logits.to(at::Device(test_device())), {.temperature = 1}, inputs);
  EXPECT_EQ(drawn[0].token, 0);
  EXPECT_EQ(drawn[1].token, 3);
}

TEST(DrawTokens, ALogitThatIsNotFiniteShows) {
  const c10::InferenceMode no_gradients;
  for (const float bad : {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
                          std::numeric_limits<float>::quiet_NaN()}) {
    at::Tensor logits = at::zeros({2, 4}, at::kFloat);
    logits[1][2] = bad;
    for (const double temperature : {0.0, 1.0}) {
      const auto drawn =
          draw_tokens(logits.to(at::Device(test_device())), {.temperature = temperature}, std::vector<DrawInput>(2));
      EXPECT_TRUE(std::isfinite(drawn[0].log_probability));
      EXPECT_TRUE(std::isnan(drawn[1].log_probability)) << bad;
    }
  }
}

}  // namespace
}  // namespace vlrm::testing
