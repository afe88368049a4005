#include "generate/sampler.h"

#include <cmath>
#include <limits>
#include <set>

#include "support/support.h"

using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

const std::vector<float> kLogits{1.0f, 3.0f, 3.0f, -2.0f, 2.0f};

std::set<int32_t> drawn(const SamplingOptions& options, std::vector<int32_t> text = {}) {
  std::set<int32_t> tokens;
  for (uint64_t seed = 0; seed < 2000; ++seed) tokens.insert(Sampler(options, seed).next(kLogits, text).token);
  return tokens;
}

TEST(Sampler, GreedyTakesTheFirstOfEquals) {
  const Drawn greedy = Sampler({}, 5).next(kLogits, {});
  EXPECT_EQ(greedy.token, 1);
  double sum = 0;
  for (const float logit : kLogits) sum += std::exp(static_cast<double>(logit));
  EXPECT_NEAR(greedy.log_probability, 3 - std::log(sum), 1e-6);
}

TEST(Sampler, DrawsFromWhatIsLeft) {
  EXPECT_EQ(drawn({.temperature = 1}), (std::set<int32_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(drawn({.temperature = 1, .top_k = 3}), (std::set<int32_t>{1, 2, 4}));
  EXPECT_EQ(drawn({.temperature = 1, .top_k = 1}), (std::set<int32_t>{1, 2}));  // equals stay
  EXPECT_EQ(drawn({.temperature = 1, .top_k = 99}), (std::set<int32_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(drawn({.temperature = 1, .top_p = 0.9}), (std::set<int32_t>{1, 2, 4}));
  EXPECT_EQ(drawn({.temperature = 1, .top_p = 1e-9}), (std::set<int32_t>{2}));
  EXPECT_EQ(drawn({.temperature = 1e-3}), (std::set<int32_t>{1, 2}));
}

TEST(Sampler, APenaltyMakesTokensOfTheTextLessLikely) {
  EXPECT_EQ(Sampler({.repetition_penalty = 2}, 0).next(kLogits, std::vector{1, 1, 99}).token, 2);
  EXPECT_EQ(Sampler({.repetition_penalty = 2}, 0).next(kLogits, std::vector{1, 2}).token, 4);
  const std::vector<float> negative{-1.0f, -1.5f};
  EXPECT_EQ(Sampler({.repetition_penalty = 2}, 0).next(negative, std::vector{0}).token, 1);
}

TEST(Sampler, StepsDrawAnewAndSeedsRepeat) {
  Sampler one({.temperature = 1}, 7), same({.temperature = 1}, 7);
  std::set<int32_t> tokens;
  for (int step = 0; step < 200; ++step) {
    const Drawn drawn = one.next(kLogits, {});
    EXPECT_EQ(drawn.token, same.next(kLogits, {}).token);
    tokens.insert(drawn.token);
  }
  EXPECT_GE(tokens.size(), 4U);
}

TEST(Sampler, LogitsMustBeFinite) {
  const std::vector<float> logits{0, std::numeric_limits<float>::quiet_NaN()};
  EXPECT_THAT(error_of([&] { Sampler({}, 0).next(logits, {}); }), HasSubstr("a logit is not a finite number"));
}

}  // namespace
}  // namespace vlrm::testing
