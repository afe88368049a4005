#include "model/vision_parts.h"

#include "model/rms_norm.h"

namespace vlrm {

VisionNorm::VisionNorm(const WeightReader& reader, NormKind kind, const std::string& prefix, int64_t width, double eps)
    : weight(reader.vector(prefix + ".weight", {width})), epsilon(eps) {
  if (kind == NormKind::layer) bias = reader.vector(prefix + ".bias", {width});
}

at::Tensor VisionNorm::operator()(const at::Tensor& x) const {
  if (!bias.defined()) return rms_norm(x, weight, epsilon);
  return at::layer_norm(x, {x.size(-1)}, weight, bias, epsilon);
}

void activate(const at::Tensor& inner, Activation activation) {
  at::Tensor all = inner;
  switch (activation) {
    case Activation::gelu:
      at::gelu_(all);
      break;
    case Activation::gelu_tanh:
      at::gelu_(all, "tanh");
      break;
    case Activation::quick_gelu:
      all.mul_(all.mul(1.702).sigmoid_());
      break;
    case Activation::silu:
      at::silu_(all);
      break;
  }
}

}  // namespace vlrm
