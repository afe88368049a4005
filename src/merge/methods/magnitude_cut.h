// The k largest magnitudes of a column, as a rule that any block can apply by itself.
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

// The `kept` (1 to elements()) largest magnitudes of a column.
struct LargestOf {
  size_t column = 0;
  int64_t kept = 0;
  bool first_of_equals = true;  // of those that equal the last one kept, the lowest indices are kept; else the highest
};

// Keeps what is larger than `bits`, and of what equals it the elements [equals_begin, equals_end).
struct MagnitudeCut {
  int32_t bits = 0;
  int64_t equals_begin = 0, equals_end = INT64_MAX;

  // Zeroes what is not kept of elements [first, first + count).
  void trim(float* values, int64_t first, int64_t count) const;
  // Zeroes what is kept.
  void drop(float* values, int64_t first, int64_t count) const;
};

// A cut for each of `wanted`. Uses all threads. One pass over the source: a sample brackets the cut, the pass counts
// what is above the bracket and collects what is inside. Where a sample misled, radix selection takes over.
std::vector<MagnitudeCut> largest_magnitudes(const BlockSource& source, std::span<const LargestOf> wanted);

}  // namespace vlrm
