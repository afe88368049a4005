// The second half of every method: from blocks of the inputs to a block of the output.
#pragma once

#include "merge/methods/inputs.h"

namespace vlrm {

// What is left to do once the reduction is done. Any element must come out the same whatever the block it is in.
class Pointwise {
 public:
  virtual ~Pointwise() = default;
  virtual void merge(const MergeInputs::Block& block, float* out) const = 0;
};

// The merged tensor, computed when it is read.
std::unique_ptr<TensorReader> pointwise_tensor(TensorInfo output, std::shared_ptr<const MergeInputs> inputs,
                                               std::unique_ptr<Pointwise> pointwise);

}  // namespace vlrm
