// What dare_linear and dare_ties share: dropping deltas at random (arXiv 2311.03099).
#pragma once

#include <array>

#include "merge/methods/task_vectors.h"

namespace vlrm {

// Each delta stays with the probability of its model's density, and is then rescaled.
std::unique_ptr<const Sparsifier> drop_at_random(const TensorMerge& merge, const MergeInputs& inputs);

// A density that is too small to be drawn.
std::optional<Problem> problem_of_density(const TensorMerge& merge);

inline constexpr std::array kDareParameters{
    kWeight, kDensity, boolean("normalize", false), boolean("rescale", true), kLambda, kRescaleNormOfDraws, kInt8Mask};

}  // namespace vlrm
