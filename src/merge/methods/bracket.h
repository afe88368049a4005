// A guess, from a sample, of two magnitudes between which the k-th largest lies.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "merge/methods/inputs.h"

namespace vlrm {

// As magnitude_bits. Both ends included: low == high says that the guess is one value.
struct Bracket {
  int32_t low = 0, high = 0;
};

// One for each model's kept[model]-th (from 1) largest delta: so many standard deviations of the sampled quantile to
// each side. Exact where the tensor is small enough to be all sample.
std::vector<Bracket> sampled_brackets(const MergeInputs& inputs, std::span<const int64_t> kept, double deviations);

// How many magnitudes lie where, with respect to a bracket, and those strictly between its ends.
struct BracketCount {
  int64_t above = 0, at_high = 0, at_low = 0;
  std::vector<int32_t> inside;

  // At most MergeInputs::kBlock deltas.
  void add(std::span<const float> deltas, const Bracket& bracket);

 private:
  void collect(std::span<const float> deltas, int64_t columns, const int32_t* hits, const Bracket& bracket);
};

}  // namespace vlrm
