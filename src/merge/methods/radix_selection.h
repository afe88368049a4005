// Exact selection that no distribution of the values can spoil, at three passes over the source.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "merge/methods/magnitude_cut.h"

namespace vlrm {

// For each of `wanted`, as magnitude_bits, the least magnitude that it keeps.
std::vector<int32_t> radix_select(const BlockSource& source, std::span<const LargestOf> wanted);

}  // namespace vlrm
