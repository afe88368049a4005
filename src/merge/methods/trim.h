// Sparsifiers by magnitude: TIES' trimming and Breadcrumbs' masking of outliers.
#pragma once

#include "merge/methods/task_vectors.h"

namespace vlrm {

inline constexpr MethodParameter kGamma{
    .name = "gamma", .of = MethodParameter::Of::model, .kind = ParameterKind::not_negative, .default_value = 0.01};

// Of each model the int(density · elements) largest deltas, but at least one; of equals the first (arXiv 2306.01708).
std::unique_ptr<const Sparsifier> trim_small(const TensorMerge& merge, const MergeInputs& inputs);

// Of each model int(density · elements) deltas: the int(gamma · elements) largest go, and of the rest the smallest
// (arXiv 2312.06795); of equals the last are the larger. Where that many cannot go, fewer of the largest do.
std::unique_ptr<const Sparsifier> trim_small_and_outliers(const TensorMerge& merge, const MergeInputs& inputs);

}  // namespace vlrm
