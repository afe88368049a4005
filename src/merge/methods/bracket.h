// A guess, from a sample, of two magnitudes between which the k-th largest lies.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "merge/methods/magnitude_cut.h"

namespace vlrm {

// As magnitude_bits. Both ends included: low == high says that the guess is one value.
struct Bracket {
  int32_t low = 0, high = 0;
};

// One for each of `wanted`: so many standard deviations of the sampled quantile to each side. Exact where the source is
// small enough to be all sample.
std::vector<Bracket> sampled_brackets(const BlockSource& source, std::span<const LargestOf> wanted, double deviations);

// How many magnitudes lie where, with respect to a bracket, and those strictly between its ends.
struct BracketCount {
  int64_t above = 0, at_high = 0, at_low = 0;
  std::vector<int32_t> inside;

  void add(std::span<const float> values, const Bracket& bracket);

 private:
  void add_block(std::span<const float> values, const Bracket& bracket);  // at most BlockSource::kBlock
  void collect(std::span<const float> values, int64_t columns, const int32_t* hits, const Bracket& bracket);
};

}  // namespace vlrm
