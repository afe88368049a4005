#include "model/matrix_rate.h"

#include <ATen/ATen.h>
#include <ATen/DeviceAccelerator.h>

#include <chrono>

namespace vlrm {

double measured_matrix_rate(const Precision& precision) {
  constexpr double kSeconds = 0.2;
  const c10::InferenceMode no_gradients;
  const int64_t side = precision.device.is_cpu() ? 1024 : 4096;
  const at::Tensor a =
      at::full({side, side}, 0.5, at::TensorOptions().device(precision.device).dtype(precision.compute_type));
  const auto wait = [&] {
    if (!precision.device.is_cpu()) at::accelerator::synchronizeDevice(std::max<int>(precision.device.index(), 0));
  };
  at::Tensor product = at::mm(a, a);  // the first one loads kernels
  wait();
  const auto start = std::chrono::steady_clock::now();
  double seconds = 0, products = 0;
  while (seconds < kSeconds) {
    product = at::mm(a, a);
    wait();
    ++products;
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  const auto length = static_cast<double>(side);
  return products * 2 * length * length * length / seconds;
}

}  // namespace vlrm
