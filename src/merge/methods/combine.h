// Kernels over blocks that several methods share.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "merge/methods/inputs.h"

namespace vlrm {

std::vector<float> float_weights(const TensorMerge& merge);
float sum(std::span<const float> weights);
// For methods that divide by that sum where `normalize`, a parameter, is set: that it is nothing to divide by.
std::optional<Problem> problem_of_sum(const TensorMerge& merge, std::string_view normalize);

// out = Σ w·x over the block's columns.
void weighted_sum(const Block& block, std::span<const float> weights, float* out);
void multiply(float* values, int64_t count, float factor);
void divide(float* values, int64_t count, float divisor);
void drop(float* values, const uint32_t* kept, int64_t count);  // what is not kept becomes 0
// out += base, where the block has one.
void add_base(const Block& block, float* out);

// What becomes of a sum of weighted deltas before the base is added.
struct Scaling {
  bool normalize = false;  // divided by the sum of the weights that took part; where that is 0, by 1
  float lambda = 1;        // then multiplied by this
};

// TIES' election (arXiv 2306.01708, section 3): of the block's deltas, weighted, only those count whose sign is that of
// their sum (+ for 0). out = base + λ · Σ of these, normalized if asked for.
void elect_and_sum(const Block& block, std::span<const float> weights, const Scaling& scaling, float* out);

}  // namespace vlrm
