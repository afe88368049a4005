// The second half of every method: from blocks of the inputs to a block of the output.
#pragma once

#include "merge/methods/inputs.h"

namespace vlrm {

// What is left to do once the reduction is done. Any element must come out the same whatever the block it is in.
class Pointwise {
 public:
  virtual ~Pointwise() = default;
  virtual void merge(const Block& block, float* out) const = 0;
};

// The merged tensor, computed when it is read.
std::unique_ptr<TensorReader> pointwise_tensor(const TensorInfo& output, std::shared_ptr<const MergeInputs> inputs,
                                               std::unique_ptr<Pointwise> pointwise);

// The same where one function says it all.
template <class Merge>
std::unique_ptr<TensorReader> pointwise_tensor(const TensorInfo& output, std::shared_ptr<const MergeInputs> inputs,
                                               Merge merge) requires std::invocable<Merge, const Block&, float*> {
  class Function final : public Pointwise {
   public:
    explicit Function(Merge merge) : merge_(std::move(merge)) {}
    void merge(const Block& block, float* out) const override { merge_(block, out); }

   private:
    Merge merge_;
  };
  return pointwise_tensor(output, std::move(inputs), std::unique_ptr<Pointwise>(new Function(std::move(merge))));
}

}  // namespace vlrm
