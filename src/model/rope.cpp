#include "model/rope.h"

#include <ATen/TensorOperators.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "model/index_tensor.h"

namespace vlrm {
namespace {

// Every step below is a float32 operation, as in the reference.

at::Tensor plain(double theta, const at::Tensor& exponents) {
  return at::pow(theta, exponents).reciprocal_();
}

// Frequencies of wavelengths beyond the original context are divided by the factor, short ones are left, and what is
// between goes over smoothly.
at::Tensor llama3(const at::Tensor& frequencies, const RopeScaling& scaling) {
  const auto context = static_cast<double>(scaling.original_max_position_embeddings);
  const at::Tensor wavelengths = frequencies.reciprocal().mul_(2 * std::numbers::pi);
  const at::Tensor is_long = wavelengths > context / scaling.low_freq_factor;
  const at::Tensor is_short = wavelengths < context / scaling.high_freq_factor;
  const at::Tensor share = (wavelengths.reciprocal().mul_(context) - scaling.low_freq_factor) /
                           (scaling.high_freq_factor - scaling.low_freq_factor);
  const at::Tensor between = (1 - share) * frequencies / scaling.factor + share * frequencies;
  return at::where(is_long, frequencies / scaling.factor, at::where(is_short, frequencies, between));
}

// Frequencies that turn often enough within the original context (beta_fast times) are left, those that hardly turn
// (beta_slow times) are divided by the factor, and between the two the share falls with the frequency's index.
at::Tensor yarn(double theta, const at::Tensor& exponents, const RopeScaling& scaling) {
  const auto context = static_cast<double>(scaling.original_max_position_embeddings);
  const auto size = static_cast<double>(2 * exponents.size(0));
  const auto index_of = [&](double turns) {
    return size * std::log(context / (turns * 2 * std::numbers::pi)) / (2 * std::log(theta));
  };
  double first = index_of(scaling.beta_fast), last = index_of(scaling.beta_slow);
  if (scaling.truncate) first = std::floor(first), last = std::ceil(last);
  first = std::max(first, 0.0);
  last = std::min(last, size - 1);
  if (first == last) last += 0.001;
  const at::Tensor stretched = ((at::arange(exponents.size(0), at::kFloat) - first) / (last - first)).clamp_(0, 1);
  const at::Tensor powers = at::pow(theta, exponents), kept = 1 - stretched;
  return (powers * scaling.factor).reciprocal_() * (1 - kept) + powers.reciprocal() * kept;
}

at::Tensor scaled(double theta, const at::Tensor& exponents, const RopeScaling& scaling) {
  switch (scaling.type) {
    case RopeType::llama3:
      return llama3(plain(theta, exponents), scaling);
    case RopeType::linear:
      return plain(theta, exponents) / scaling.factor;
    case RopeType::yarn:
      return yarn(theta, exponents, scaling);
    case RopeType::dynamic:  // within the context
      break;
  }
  return plain(theta, exponents);
}

// One section behind the other; or, interleaved, of three frequencies in a row, one each by time, row and column, as
// long as the sections of the latter two go.
std::vector<int64_t Position::*> axes_of(const TextConfig& config) {
  constexpr std::array kAxes{&Position::time, &Position::row, &Position::column};
  std::vector<int64_t Position::*> axes(static_cast<size_t>(config.head_size / 2), &Position::time);
  if (config.rope_sections.empty()) return axes;
  VLRM_ASSERT(config.rope_sections.size() == kAxes.size());
  size_t first = static_cast<size_t>(config.rope_sections[0]);
  for (size_t axis = 1; axis < kAxes.size(); ++axis) {
    const auto count = static_cast<size_t>(config.rope_sections[axis]);
    for (size_t i = 0; i < count; ++i)
      if (const size_t at = config.interleaved_sections ? axis + 3 * i : first + i; at < axes.size())
        axes[at] = kAxes[axis];
    first += count;
  }
  return axes;
}

}  // namespace

// Without scaling, it is that by a factor of 1.
Rope::Rope(const TextConfig& config, const Precision& precision)
    : theta_(config.rope_theta),
      scaling_(config.rope_scaling.value_or(RopeScaling{.type = RopeType::linear})),
      precision_(precision),
      axes_(axes_of(config)),
      exponents_(at::arange(0, config.head_size, 2, at::kFloat) / static_cast<double>(config.head_size)),
      frequencies_(scaled(theta_, exponents_, scaling_)) {}

// Beyond its context, a dynamic rope has a base that grows with the text.
at::Tensor Rope::frequencies(int64_t length) const {
  const int64_t context = scaling_.original_max_position_embeddings;
  if (scaling_.type != RopeType::dynamic || length <= context) return frequencies_;
  const auto size = static_cast<double>(2 * exponents_.size(0));
  const double times = scaling_.factor * static_cast<double>(length) / static_cast<double>(context);
  return plain(theta_ * std::pow(times - (scaling_.factor - 1), size / (size - 2)), exponents_);
}

// By the C library, an element at a time. libtorch hands cosines and sines to a vector library, whose digits depend on
// where an element stands among all, and whose first call, made by two threads at once, was seen to give one thread's
// share only four digits.
Rope::Angles Rope::angles(const std::vector<Position>& positions, const std::vector<int64_t>& lengths) const {
  VLRM_ASSERT(positions.size() == lengths.size());
  const int64_t half = frequencies_.size(0), count = static_cast<int64_t>(positions.size());
  const at::Tensor cosine = at::empty({count, 1, 2 * half}, at::kFloat), sine = at::empty_like(cosine);
  const auto factor = static_cast<float>(scaling_.attention_factor);
  auto *cosines = cosine.mutable_data_ptr<float>(), *sines = sine.mutable_data_ptr<float>();
  at::Tensor of_length;
  for (size_t row = 0; row < positions.size(); ++row) {
    if (row == 0 || lengths[row] != lengths[row - 1]) of_length = frequencies(lengths[row]);
    const float* each = of_length.const_data_ptr<float>();
    for (int64_t i = 0; i < half; ++i) {
      const float angle = static_cast<float>(positions[row].*axes_[static_cast<size_t>(i)]) * each[i];
      cosines[i] = cosines[i + half] = std::cos(angle) * factor;
      sines[i] = sines[i + half] = std::sin(angle) * factor;
    }
    cosines += 2 * half;
    sines += 2 * half;
  }
  return {sent_to(precision_.device, cosine.to(precision_.compute_type)),
          sent_to(precision_.device, sine.to(precision_.compute_type))};
}

void Rope::rotate(const at::Tensor& x, const Angles& angles) {
  const int64_t half = x.size(-1) / 2;
  const at::Tensor turned = at::cat({x.narrow(-1, half, half).neg(), x.narrow(-1, 0, half)}, -1);
  x.mul_(angles.cosine).add_(turned.mul_(angles.sine));
}

}  // namespace vlrm
