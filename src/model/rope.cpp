#include "model/rope.h"

#include <ATen/TensorOperators.h>

#include <cmath>
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

// By the C library, an element at a time. libtorch hands cosines and sines to a vector library, whose digits depend on
// where an element stands among all, and whose first call, made by two threads at once, was seen to give one thread's
// share only four digits.
Rope::Angles Rope::angles(const std::vector<int64_t>& positions) const {
  const int64_t half = frequencies_.size(0), count = static_cast<int64_t>(positions.size());
  const at::Tensor cosine = at::empty({count, 1, 2 * half}, at::kFloat), sine = at::empty_like(cosine);
  const float* frequencies = frequencies_.const_data_ptr<float>();
  auto *cosines = cosine.mutable_data_ptr<float>(), *sines = sine.mutable_data_ptr<float>();
  for (const int64_t position : positions) {
    for (int64_t i = 0; i < half; ++i) {
      const float angle = static_cast<float>(position) * frequencies[i];
      cosines[i] = cosines[i + half] = std::cos(angle);
      sines[i] = sines[i + half] = std::sin(angle);
    }
    cosines += 2 * half;
    sines += 2 * half;
  }
  return {cosine.to(precision_.device, precision_.compute_type), sine.to(precision_.device, precision_.compute_type)};
}

void Rope::rotate(const at::Tensor& x, const Angles& angles) {
  const int64_t half = x.size(-1) / 2;
  const at::Tensor turned = at::cat({x.narrow(-1, half, half).neg(), x.narrow(-1, 0, half)}, -1);
  x.mul_(angles.cosine).add_(turned.mul_(angles.sine));
}

}  // namespace vlrm
