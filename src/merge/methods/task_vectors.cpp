#include "merge/methods/task_vectors.h"

#include <cmath>

#include "base/target_clones.h"
#include "merge/methods/stretches.h"

namespace vlrm {
namespace {

// What deltas are divided by when normalized: the sum of the weights, or 1 where that is next to nothing.
float divisor_of(const TensorMerge& merge, std::span<const float> weights) {
  const float total = sum(weights);
  return merge.is_set("normalize") && std::abs(total) >= 1e-8f ? total : 1.0f;
}

class TaskVectors final : public Pointwise {
 public:
  TaskVectors(const TensorMerge& merge, std::unique_ptr<const Sparsifier> sparsifier, Mix mix)
      : weights_(float_weights(merge)),
        scaling_{merge.is_set("normalize"), static_cast<float>(merge.number("lambda"))},
        divisor_(divisor_of(merge, weights_)),
        sparsifier_(std::move(sparsifier)),
        mix_(mix) {}

  void merge(const Block& block, float* out) const override {
    if (sparsifier_) sparsifier_->apply(block);
    if (mix_ == Mix::elect) return elect_and_sum(block, weights_, scaling_, out);
    weighted_sum(block, weights_, out);
    if (divisor_ != 1) divide(out, block.count, divisor_);
    if (scaling_.lambda != 1) multiply(out, block.count, scaling_.lambda);
    add_base(block, out);
  }

 private:
  std::vector<float> weights_;
  Scaling scaling_;
  float divisor_;
  std::unique_ptr<const Sparsifier> sparsifier_;
  Mix mix_;
};

class Rescaled final : public Sparsifier {
 public:
  Rescaled(std::unique_ptr<const Sparsifier> sparsifier, std::vector<float> factors)
      : sparsifier_(std::move(sparsifier)), factors_(std::move(factors)) {}
  void apply(const Block& block) const override {
    sparsifier_->apply(block);
    for (size_t m = 0; m < factors_.size(); ++m)
      if (factors_[m] != 1) multiply(block.tensors[m], block.count, factors_[m]);
  }

 private:
  std::unique_ptr<const Sparsifier> sparsifier_;
  std::vector<float> factors_;
};

struct Norms {
  std::vector<double> all, kept;  // by model

  Norms& operator+=(const Norms& other) {
    for (size_t m = 0; m < all.size(); ++m) {
      all[m] += other.all[m];
      kept[m] += other.kept[m];
    }
    return *this;
  }
};

// In lanes, so that a sum does not wait for the one before: the same ones whatever the processor. Eight values are
// added up in float32 (their sum is off by at most 7·2⁻²⁴ of it) before they count in float64: converting each takes
// longer.
VLRM_TARGET_CLONES double sum_of_magnitudes(const float* values, int64_t count) {
  constexpr int64_t kLanes = 32, kTogether = 8 * kLanes;
  double lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kTogether <= count; i += kTogether) {
    float together[kLanes] = {};
    for (int64_t row = 0; row < kTogether; row += kLanes)
      for (int64_t lane = 0; lane < kLanes; ++lane) together[lane] += std::abs(values[i + row + lane]);
    for (int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] += static_cast<double>(together[lane]);
  }
  double sum = 0;
  for (const double each : lanes) sum += each;
  for (; i < count; ++i) sum += static_cast<double>(std::abs(values[i]));
  return sum;
}

void add_magnitudes(const Block& block, std::vector<double>& sums) {
  for (size_t m = 0; m < sums.size(); ++m) sums[m] += sum_of_magnitudes(block.tensors[m], block.count);
}

}  // namespace

std::unique_ptr<TensorReader> task_vector_tensor(const TensorMerge& merge, std::shared_ptr<const MergeInputs> inputs,
                                                 std::unique_ptr<const Sparsifier> sparsifier, Mix mix) {
  return pointwise_tensor(merge.output, std::move(inputs),
                          std::make_unique<TaskVectors>(merge, std::move(sparsifier), mix));
}

RescaleNorm rescale_norm_of(const TensorMerge& merge) {
  const bool named = merge.parameters.find("rescale_norm").has_value();
  if (!named && !merge.is_set("rescale")) return RescaleNorm::none;
  return static_cast<RescaleNorm>(merge.number("rescale_norm"));
}

std::unique_ptr<const Sparsifier> with_l1_norm(std::unique_ptr<const Sparsifier> sparsifier,
                                               const MergeInputs& inputs) {
  const std::vector<double> zeros(inputs.columns());
  const Norms norms = sum_over(inputs, Norms{zeros, zeros}, [&](const Block& block, Norms& sums) {
    add_magnitudes(block, sums.all);
    sparsifier->apply(block);
    add_magnitudes(block, sums.kept);
  });
  std::vector<float> factors;
  for (size_t m = 0; m < zeros.size(); ++m) {
    const auto all = static_cast<float>(norms.all[m]), kept = static_cast<float>(norms.kept[m]);
    factors.push_back(all >= 1e-7f && kept >= 1e-7f ? all / kept : 1.0f);
  }
  return std::make_unique<Rescaled>(std::move(sparsifier), std::move(factors));
}

}  // namespace vlrm
