#include "model/rms_norm.h"

#include <ATen/ops/_fused_rms_norm.h>

namespace vlrm {

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double epsilon) {
  if (!x.is_cpu() && x.scalar_type() == weight.scalar_type())
    return std::get<0>(at::_fused_rms_norm(x, {x.size(-1)}, weight, epsilon));
  const at::Tensor exact = x.to(at::kFloat);
  const at::Tensor scale = exact.square().mean(-1, true).add_(epsilon).rsqrt_();
  return exact.mul(scale).to(x.scalar_type()).mul_(weight);
}

}  // namespace vlrm
