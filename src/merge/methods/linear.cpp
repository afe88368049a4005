// Weighted average (model soups, arXiv 2203.05482): Σ w·x, divided by Σ w if normalized.
#include "base/error.h"
#include "merge/methods/combine.h"
#include "merge/methods/methods.h"
#include "merge/methods/pointwise.h"

namespace vlrm {
namespace {

class Linear final : public Pointwise {
 public:
  Linear(std::vector<float> weights, float divisor) : weights_(std::move(weights)), divisor_(divisor) {}
  void merge(const MergeInputs::Block& block, float* out) const override {
    weighted_sum(block, weights_, out);
    if (divisor_ != 1) divide(out, block.count, divisor_);
  }

 private:
  std::vector<float> weights_;
  float divisor_;
};

}  // namespace

std::unique_ptr<TensorReader> merge_linear(const TensorMerge& merge) {
  const auto weights = float_weights(merge);
  const float total = sum(weights);
  if (merge.normalize && total == 0)
    fail("tensor {}: the weights of a normalized linear merge sum to 0; change them or set normalize to false",
         printable(merge.output.name));
  return pointwise_tensor(merge.output, std::make_shared<MergeInputs>(merge),
                          std::make_unique<Linear>(weights, merge.normalize ? total : 1.0f));
}

}  // namespace vlrm
