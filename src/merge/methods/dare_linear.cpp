// DARE (arXiv 2311.03099) with task arithmetic: deltas dropped at random, then base + Σ w·delta.
#include "merge/methods/combine.h"
#include "merge/methods/dare.h"
#include "merge/methods/methods.h"
#include "merge/methods/pointwise.h"

namespace vlrm {
namespace {

class DareLinear final : public Pointwise {
 public:
  explicit DareLinear(const TensorMerge& merge)
      : drop_(merge), weights_(float_weights(merge)), divisor_(delta_divisor(merge)) {}
  void merge(const MergeInputs::Block& block, float* out) const override {
    drop_.apply(block);
    weighted_sum(block, weights_, out);
    if (divisor_ != 1) divide(out, block.count, divisor_);
    add_base(block, out);
  }

 private:
  RandomDrop drop_;
  std::vector<float> weights_;
  float divisor_;
};

}  // namespace

std::unique_ptr<TensorReader> merge_dare_linear(const TensorMerge& merge) {
  return pointwise_tensor(merge.output, std::make_shared<MergeInputs>(merge), std::make_unique<DareLinear>(merge));
}

}  // namespace vlrm
