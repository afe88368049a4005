#include "results/equal_scores.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace vlrm {
namespace {

constexpr double kManyEqual = 0.05;       // of all pairs
constexpr double kSmallDeviation = 1e-4;  // in units of the score
constexpr const char* kCheck = "check the template, the head and the pad token";

int64_t pairs_of(int64_t count) {
  return count * (count - 1) / 2;
}

// Pairs of neighbours in sorted `values` that are equal.
template <class Value>
int64_t equal_pairs(std::vector<Value> values) {
  std::ranges::sort(values);
  int64_t pairs = 0, run = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    run = i > 0 && values[i] == values[i - 1] ? run + 1 : 0;
    pairs += run;
  }
  return pairs;
}

}  // namespace

void EqualScores::add(std::span<const double> scores, std::span<const std::string> texts) {
  std::vector<double> values;
  std::vector<std::string_view> responses;
  std::vector<std::pair<std::string_view, double>> both;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (!std::isfinite(scores[i])) return;  // reported as such elsewhere
    const double rounded = std::round(scores[i] * 1e5);
    values.push_back(rounded);
    if (texts.empty()) continue;
    responses.emplace_back(texts[i]);
    both.emplace_back(texts[i], rounded);
  }
  pairs_ += pairs_of(static_cast<int64_t>(scores.size())) - equal_pairs(std::move(responses));
  equal_ += equal_pairs(std::move(values)) - equal_pairs(std::move(both));
  for (const std::string& text : texts) {
    if (!first_text_) first_text_ = text;
    texts_differ_ = texts_differ_ || text != *first_text_;
  }
  texts_differ_ = texts_differ_ || texts.empty();
  for (const double score : scores) {
    const double distance = score - mean_;
    mean_ += distance / static_cast<double>(++scores_);
    squares_ += distance * (score - mean_);
  }
}

double EqualScores::deviation() const {
  return scores_ == 0 ? 0 : std::sqrt(squares_ / static_cast<double>(scores_));
}

std::optional<std::string> EqualScores::warning() const {
  if (static_cast<double>(equal_) > kManyEqual * static_cast<double>(pairs_))
    return fmt::format("{} of {} pairs have equal scores: {}", equal_, pairs_, kCheck);
  if (scores_ > 1 && texts_differ_ && deviation() < kSmallDeviation)
    return fmt::format("the standard deviation of all {} scores is {:.1g}: {}", scores_, deviation(), kCheck);
  return std::nullopt;
}

}  // namespace vlrm
