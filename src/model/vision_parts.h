// Parts of the layers of vision encoders.
#pragma once

#include <string>

#include "architecture/vision_form.h"
#include "model/weight_reader.h"

namespace vlrm {

struct VisionNorm {
  at::Tensor weight, bias;  // without a bias, an RMS norm
  double epsilon;

  VisionNorm(const WeightReader& reader, NormKind kind, const std::string& prefix, int64_t width, double eps);
  // Over the last dimension.
  at::Tensor operator()(const at::Tensor& x) const;
};

// In place.
void activate(const at::Tensor& inner, Activation activation);

}  // namespace vlrm
