#include "model/rope.h"

#include <ATen/TensorOperators.h>

#include <numbers>

namespace vlrm {
namespace {

// Frequencies of wavelengths beyond the original context are divided by the factor, short ones are left, and what is
// between goes over smoothly. Every step is a float32 operation, as in the reference.
at::Tensor scaled(const at::Tensor& frequencies, const RopeScaling& scaling) {
  const auto context = static_cast<double>(scaling.original_max_position_embeddings);
  const at::Tensor wavelengths = frequencies.reciprocal().mul_(2 * std::numbers::pi);
  const at::Tensor is_long = wavelengths > context / scaling.low_freq_factor;
  const at::Tensor is_short = wavelengths < context / scaling.high_freq_factor;
  const at::Tensor share = (wavelengths.reciprocal().mul_(context) - scaling.low_freq_factor) /
                           (scaling.high_freq_factor - scaling.low_freq_factor);
  const at::Tensor between = (1 - share) * frequencies / scaling.factor + share * frequencies;
  return at::where(is_long, frequencies / scaling.factor, at::where(is_short, frequencies, between));
}

}  // namespace

Rope::Rope(const TextConfig& config, const Precision& precision) : precision_(precision) {
  const auto size = static_cast<double>(config.head_size);
  const at::Tensor exponents = at::arange(0, config.head_size, 2, at::kFloat) / size;
  frequencies_ = at::pow(config.rope_theta, exponents).reciprocal_();
  if (config.rope_scaling) frequencies_ = scaled(frequencies_, *config.rope_scaling);
}

Rope::Angles Rope::angles(const std::vector<int64_t>& positions) const {
  at::Tensor exact = at::empty({static_cast<int64_t>(positions.size())}, at::kFloat);
  for (size_t i = 0; i < positions.size(); ++i) exact.mutable_data_ptr<float>()[i] = static_cast<float>(positions[i]);
  const at::Tensor half = at::outer(exact, frequencies_);
  const at::Tensor both = at::cat({half, half}, 1).unsqueeze(1);
  return {both.cos().to(precision_.device, precision_.compute_type),
          both.sin().to(precision_.device, precision_.compute_type)};
}

void Rope::rotate(const at::Tensor& x, const Angles& angles) {
  const int64_t half = x.size(-1) / 2;
  const at::Tensor turned = at::cat({x.narrow(-1, half, half).neg(), x.narrow(-1, 0, half)}, -1);
  x.mul_(angles.cosine).add_(turned.mul_(angles.sine));
}

}  // namespace vlrm
