// Rows of a tensor by their numbers.
#pragma once

#include <vector>

#include "model/aten.h"

namespace vlrm {

// The same on a device, without a wait of the host: by pinned memory, which libtorch keeps until it was read.
at::Tensor sent_to(const at::Device& device, const at::Tensor& on_cpu);

// [values], int64. On a device as sent_to().
at::Tensor index_tensor(const std::vector<int64_t>& values, const at::Device& device);

// x[rows[0]], x[rows[1]] …, of any tensor, on its device.
at::Tensor select_rows(const at::Tensor& x, const std::vector<int64_t>& rows);

}  // namespace vlrm
