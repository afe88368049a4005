// The k largest magnitudes of a tensor's deltas, as a rule that any chunk can apply by itself.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "merge/methods/inputs.h"

namespace vlrm {

// |value| as an integer: the order of magnitudes is the order of these, with NaN above all.
inline uint32_t magnitude_bits(float value) {
  return std::bit_cast<uint32_t>(value) & 0x7FFFFFFFu;
}

// Keeps what is larger than `bits`, and of what equals it the elements before `ties_end`: the lowest indices first.
struct MagnitudeCut {
  uint32_t bits = 0;
  int64_t ties_end = INT64_MAX;
};

// For each of the inputs' models the cut that keeps exactly kept[model] (1 to elements()) of its deltas x − base. Reads
// all tensors, with all threads.
std::vector<MagnitudeCut> largest_deltas(const MergeInputs& inputs, std::span<const int64_t> kept);

}  // namespace vlrm
