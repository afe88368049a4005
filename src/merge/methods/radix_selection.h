// Exact selection that no distribution of the values can spoil, at three passes over the tensors.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "merge/methods/inputs.h"

namespace vlrm {

// For each model, as magnitude_bits, the magnitude of its kept[model]-th (from 1) largest delta.
std::vector<int32_t> radix_select(const MergeInputs& inputs, std::span<const int64_t> kept);

}  // namespace vlrm
