// What all methods make of random values, as digests.
#pragma once

#include <fmt/format.h>
#include <xxhash.h>

#include <string>

#include "merge/any_method.h"

namespace vlrm::testing {

// A line a merge: "ties 0123456789abcdef".
inline std::string digests_of_all_methods() {
  std::string lines;
  for (const TensorMerge& merge : merges_by_all_methods()) {
    const std::vector<float> values = merged(merge);
    std::vector<std::byte> halves(values.size() * 2);
    from_float32(values, Dtype::f16, halves.data());
    lines += fmt::format("{} {:016x} {:016x}\n", merge.method->name,
                         XXH3_64bits(values.data(), values.size() * sizeof(float)),
                         XXH3_64bits(halves.data(), halves.size()));
  }
  return lines;
}

}  // namespace vlrm::testing
