// Products with weight matrices, [outputs, inputs] as checkpoints keep them.
#pragma once

#include "model/aten.h"
#include "model/rows.h"

namespace vlrm {

// x · weightᵀ (+ bias): [rows, inputs] → [rows, outputs] in x's type. A weight of another type is converted panel by
// panel, each of a size that stays in the cache, so that no converted copy of it ever exists.
at::Tensor project(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias = {});

// The same by another way of taking the rows.
at::Tensor project(const at::Tensor& x, const at::Tensor& weight, const Rows& rows, const at::Tensor& bias = {});

// sum += scale · (x · weightᵀ), in place.
void add_projection(const at::Tensor& sum, const at::Tensor& x, const at::Tensor& weight, double scale = 1,
                    const Rows& rows = Rows::together());

}  // namespace vlrm
