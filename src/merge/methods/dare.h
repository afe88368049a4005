// What dare_linear and dare_ties share: dropping deltas at random (arXiv 2311.03099).
#pragma once

#include "merge/masks.h"
#include "merge/methods/inputs.h"

namespace vlrm {

class RandomDrop {
 public:
  // Throws Error for a density that keeps nothing.
  explicit RandomDrop(const TensorMerge& merge);
  // delta ← delta/density, or 0 where the mask drops it.
  void apply(const MergeInputs::Block& block) const;

 private:
  struct Model {
    std::shared_ptr<const ElementMask> mask;  // null: all kept
    float divisor;
  };
  std::vector<Model> models_;
};

}  // namespace vlrm
