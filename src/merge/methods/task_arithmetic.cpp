// Task vectors (arXiv 2212.04089): base + Σ w·(x − base), the sum divided by Σ w if normalized.
#include "merge/methods/combine.h"
#include "merge/methods/methods.h"
#include "merge/methods/pointwise.h"

namespace vlrm {
namespace {

class TaskArithmetic final : public Pointwise {
 public:
  TaskArithmetic(std::vector<float> weights, float divisor) : weights_(std::move(weights)), divisor_(divisor) {}
  void merge(const MergeInputs::Block& block, float* out) const override {
    weighted_sum(block, weights_, out);
    if (divisor_ != 1) divide(out, block.count, divisor_);
    add_base(block, out);
  }

 private:
  std::vector<float> weights_;
  float divisor_;
};

}  // namespace

std::unique_ptr<TensorReader> merge_task_arithmetic(const TensorMerge& merge) {
  return pointwise_tensor(merge.output, std::make_shared<MergeInputs>(merge),
                          std::make_unique<TaskArithmetic>(float_weights(merge), delta_divisor(merge)));
}

}  // namespace vlrm
