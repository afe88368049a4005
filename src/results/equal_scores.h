// Scores that are equal where responses are not: what a model gives that does not see the responses, or whose head or
// pad token is wrong. The first of equals counts as chosen, so such a model can look perfect.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace vlrm {

class EqualScores {
 public:
  // The scores of one sample's responses, which count as equal where five decimals are. Pairs of equal texts do not
  // count; without `texts`, all responses are taken to differ.
  void add(std::span<const double> scores, std::span<const std::string> texts = {});

  int64_t pairs() const { return pairs_; }  // of different responses to the same sample
  int64_t equal() const { return equal_; }  // of them, those with equal scores
  double deviation() const;                 // standard deviation of all scores, 0 without any

  // Where more than 5% of the pairs have equal scores, or all scores of several texts hardly differ: what to check.
  std::optional<std::string> warning() const;

 private:
  int64_t pairs_ = 0, equal_ = 0, scores_ = 0;
  std::optional<std::string> first_text_;
  bool texts_differ_ = false;
  double mean_ = 0, squares_ = 0;  // sum of squared distances from the mean (Welford)
};

}  // namespace vlrm
