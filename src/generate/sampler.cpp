#include "generate/sampler.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <set>

#include "base/error.h"

namespace vlrm {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

int32_t most_likely(std::span<const float> scores) {
  return static_cast<int32_t>(std::ranges::max_element(scores) - scores.begin());
}

double log_of_sum(std::span<const float> scores) {
  const double top = *std::ranges::max_element(scores);
  double sum = 0;
  for (const float score : scores) sum += std::exp(static_cast<double>(score) - top);
  return top + std::log(sum);
}

void penalize(std::vector<float>& scores, std::span<const int32_t> text, float penalty) {
  for (const int32_t token : std::set(text.begin(), text.end())) {
    const auto index = static_cast<size_t>(token);
    if (index < scores.size()) scores[index] = scores[index] < 0 ? scores[index] * penalty : scores[index] / penalty;
  }
}

// Ties with the last one that is kept stay.
void keep_top_k(std::vector<float>& scores, int64_t count) {
  if (count <= 0 || count >= static_cast<int64_t>(scores.size())) return;
  std::vector<float> sorted = scores;
  std::nth_element(sorted.begin(), sorted.begin() + (count - 1), sorted.end(), std::greater());
  const float least = sorted[static_cast<size_t>(count - 1)];
  for (float& score : scores)
    if (score < least) score = kNever;
}

// From the least likely on, tokens go as long as what has gone sums to no more than 1 − top_p; the most likely stays.
void keep_top_p(std::vector<float>& scores, double top_p) {
  if (top_p >= 1) return;
  std::vector<int32_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](int32_t token) { return scores[static_cast<size_t>(token)]; });
  const double total = log_of_sum(scores);
  double gone = 0;
  for (size_t i = 0; i + 1 < order.size(); ++i) {
    float& score = scores[static_cast<size_t>(order[i])];
    gone += std::exp(static_cast<double>(score) - total);
    if (gone > 1 - top_p) return;
    score = kNever;
  }
}

void check_finite(bool finite) {
  if (!finite)
    fail("a logit is not a finite number: weights of the model are not, or the dtype is too narrow for them");
}

}  // namespace

void SamplingOptions::check() const {
  if (!(temperature >= 0) || temperature > 1e6)
    throw OptionError("temperature", fmt::format("{} is not between 0 and 1e6", temperature));
  if (top_k < 0) throw OptionError("top_k", fmt::format("{} is negative", top_k));
  if (!(top_p > 0) || top_p > 1) throw OptionError("top_p", fmt::format("{} is not above 0 and at most 1", top_p));
  if (!(repetition_penalty > 0) || repetition_penalty > 1e6)
    throw OptionError("repetition_penalty", fmt::format("{} is not above 0 and at most 1e6", repetition_penalty));
}

double Sampler::uniform() const {
  const std::array<uint64_t, 2> counter{seed_, step_};
  return static_cast<double>(XXH3_64bits(counter.data(), sizeof counter) >> 11) * 0x1p-53;
}

int32_t Sampler::draw(std::vector<float>& scores) {
  const double drawn = uniform();
  const double top = *std::ranges::max_element(scores);
  double sum = 0;
  for (const float score : scores) sum += std::exp(static_cast<double>(score) - top);
  double left = drawn * sum;
  int32_t last = 0;
  for (size_t token = 0; token < scores.size(); ++token) {
    if (scores[token] == kNever) continue;
    last = static_cast<int32_t>(token);
    left -= std::exp(static_cast<double>(scores[token]) - top);
    if (left < 0) break;
  }
  return last;
}

Drawn Sampler::next(std::span<const float> logits, std::span<const int32_t> text) {
  check_finite(std::ranges::all_of(logits, [](float logit) { return std::isfinite(logit); }));
  std::vector<float> scores(logits.begin(), logits.end());
  if (options_.repetition_penalty != 1) penalize(scores, text, static_cast<float>(options_.repetition_penalty));
  Drawn drawn;
  if (options_.temperature == 0) {
    drawn.token = most_likely(scores);
  } else {
    for (float& score : scores) score = static_cast<float>(static_cast<double>(score) / options_.temperature);
    keep_top_k(scores, options_.top_k);
    keep_top_p(scores, options_.top_p);
    drawn.token = draw(scores);
  }
  ++step_;
  drawn.log_probability =
      static_cast<float>(static_cast<double>(logits[static_cast<size_t>(drawn.token)]) - log_of_sum(logits));
  return drawn;
}

void Sampler::take(const Drawn& drawn) {
  check_finite(std::isfinite(drawn.log_probability));
  ++step_;
}

}  // namespace vlrm
