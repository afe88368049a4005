#include "model/rms_norm.h"

namespace vlrm {

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double epsilon) {
  const at::Tensor exact = x.to(at::kFloat);
  const at::Tensor scale = exact.square().mean(-1, true).add_(epsilon).rsqrt_();
  return exact.mul(scale).to(x.scalar_type()).mul_(weight);
}

}  // namespace vlrm
