// What della and della_linear share: MAGPRUNE (arXiv 2406.11617), dropping deltas at random, the small ones rather.
#pragma once

#include "merge/methods/task_vectors.h"

namespace vlrm {

// Blocks of `inputs` must be rows (a vector is one row). The delta of rank r (0: the smallest magnitude, of equals the
// first) of the n in its row stays with the probability density − epsilon + 2 · epsilon · r/(n − 1), and is then
// rescaled.
std::unique_ptr<const Sparsifier> drop_by_rank(const TensorMerge& merge, const MergeInputs& inputs);

// density ± epsilon outside of (0, 1).
std::optional<Problem> problem_of_epsilon(const TensorMerge& merge);

inline constexpr MethodParameter kEpsilon{
    .name = "epsilon", .of = MethodParameter::Of::model, .kind = ParameterKind::not_negative, .default_value = 0.15};

}  // namespace vlrm
