// Rows of a tensor by their numbers.
#pragma once

#include <vector>

#include "model/aten.h"

namespace vlrm {

// [values], int64.
at::Tensor index_tensor(const std::vector<int64_t>& values, const at::Device& device);

// x[rows[0]], x[rows[1]] …, of any tensor, on its device.
at::Tensor select_rows(const at::Tensor& x, const std::vector<int64_t>& rows);

}  // namespace vlrm
