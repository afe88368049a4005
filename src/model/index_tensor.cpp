#include "model/index_tensor.h"

#include <algorithm>

namespace vlrm {

at::Tensor sent_to(const at::Device& device, const at::Tensor& on_cpu) {
  if (device.is_cpu() || on_cpu.numel() == 0) return on_cpu.to(device);
  return on_cpu.pin_memory().to(device, on_cpu.scalar_type(), /*non_blocking=*/true);
}

at::Tensor index_tensor(const std::vector<int64_t>& values, const at::Device& device) {
  const at::Tensor index = at::empty({static_cast<int64_t>(values.size())}, at::kLong);
  std::copy(values.begin(), values.end(), index.mutable_data_ptr<int64_t>());
  return sent_to(device, index);
}

at::Tensor select_rows(const at::Tensor& x, const std::vector<int64_t>& rows) {
  return x.index_select(0, index_tensor(rows, x.device()));
}

}  // namespace vlrm
