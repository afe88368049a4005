// The k largest magnitudes of a tensor's deltas, as a rule that any chunk can apply by itself.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "merge/methods/inputs.h"

namespace vlrm {

// |value| as an integer: the order of magnitudes is the order of these, with NaN above all.
inline int32_t magnitude_bits(float value) {
  return std::bit_cast<int32_t>(value) & 0x7FFFFFFF;
}

// Keeps what is larger than `bits`, and of what equals it the elements before `ties_end`: the lowest indices first.
struct MagnitudeCut {
  int32_t bits = 0;
  int64_t ties_end = INT64_MAX;
};

// For each of the inputs' models the cut that keeps exactly kept[model] (1 to elements()) of its deltas x − base. Uses
// all threads. One pass over the tensors: a sample brackets the cut, the pass counts what is above the bracket and
// collects what is inside. Where a sample misled, radix selection takes over.
std::vector<MagnitudeCut> largest_deltas(const MergeInputs& inputs, std::span<const int64_t> kept);

}  // namespace vlrm
