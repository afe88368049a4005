// DARE (arXiv 2311.03099) with TIES: deltas dropped at random, then the sign election.
#include "merge/methods/combine.h"
#include "merge/methods/dare.h"
#include "merge/methods/methods.h"
#include "merge/methods/pointwise.h"

namespace vlrm {
namespace {

class DareTies final : public Pointwise {
 public:
  explicit DareTies(const TensorMerge& merge)
      : drop_(merge), weights_(float_weights(merge)), normalize_(merge.normalize) {}
  void merge(const MergeInputs::Block& block, float* out) const override {
    drop_.apply(block);
    elect_and_sum(block, weights_, normalize_, out);
  }

 private:
  RandomDrop drop_;
  std::vector<float> weights_;
  bool normalize_;
};

}  // namespace

std::unique_ptr<TensorReader> merge_dare_ties(const TensorMerge& merge) {
  return pointwise_tensor(merge.output, std::make_shared<MergeInputs>(merge), std::make_unique<DareTies>(merge));
}

}  // namespace vlrm
