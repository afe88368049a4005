#include "model/index_tensor.h"

#include <algorithm>

namespace vlrm {

at::Tensor index_tensor(const std::vector<int64_t>& values, const at::Device& device) {
  const at::Tensor index = at::empty({static_cast<int64_t>(values.size())}, at::kLong);
  std::copy(values.begin(), values.end(), index.mutable_data_ptr<int64_t>());
  return index.to(device);
}

at::Tensor select_rows(const at::Tensor& x, const std::vector<int64_t>& rows) {
  return x.index_select(0, index_tensor(rows, x.device()));
}

}  // namespace vlrm
