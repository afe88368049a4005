// Kernels over blocks that several methods share.
#pragma once

#include <span>
#include <vector>

#include "merge/methods/inputs.h"

namespace vlrm {

std::vector<float> float_weights(const TensorMerge& merge);
float sum(std::span<const float> weights);
// What a merge of deltas divides by when normalized: the sum of the weights, or 1 where that is next to nothing.
float delta_divisor(const TensorMerge& merge);

// out = Σ w·x over the block's tensors.
void weighted_sum(const MergeInputs::Block& block, std::span<const float> weights, float* out);
void multiply(float* values, int64_t count, float factor);
void divide(float* values, int64_t count, float divisor);
// out += base
void add_base(const MergeInputs::Block& block, float* out);

// TIES' election (arXiv 2306.01708, section 3): of the block's deltas, weighted, only those count whose sign is that of
// their sum (+ for 0). out = base + Σ of these, divided, if normalized, by the sum of their weights (1 for 0).
void elect_and_sum(const MergeInputs::Block& block, std::span<const float> weights, bool normalize, float* out);

}  // namespace vlrm
