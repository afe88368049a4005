// A row's elements in the order of their magnitudes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace vlrm {

// Keeps its memory from one row to the next. Rows have less than 2³² elements.
class MagnitudeOrder {
 public:
  // A key for each element, from the smallest magnitude to the largest, of equals the first first; NaN is the largest.
  // The lower 32 bits are the element's place in the row. Valid until the next call.
  std::span<const uint64_t> of(std::span<const float> row);

 private:
  void distribute(std::span<const float> row);

  std::vector<uint64_t> keys_;    // magnitude bits, then the place; behind the least key, and before the greatest
  std::vector<uint64_t> others_;  // the same
  std::vector<int32_t> buckets_;  // of each element
  std::vector<uint32_t> ends_;    // of each bucket, what is in it so far
};

}  // namespace vlrm
