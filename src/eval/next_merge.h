// The weights of a sweep's next recipe, merged while those of this one are at work on a device.
#pragma once

#include <future>

#include "architecture/model.h"

namespace vlrm {

class NextMerge {
 public:
  // Of host memory, for the language weights of one model.
  static int64_t bytes(const Model& model);

  // Begins to merge those of `model` on another thread. What was begun before and not taken is dropped.
  void begin(const Model& model);
  // Those of `model`: what begin() made, once it is there, or as they are. Throws what merging throws.
  CheckpointPtr weights(const Model& model);
  int64_t used() const { return used_; }  // how often weights() gave what begin() had made

 private:
  const Model* model_ = nullptr;
  std::future<CheckpointPtr> merged_;
  int64_t used_ = 0;
};

}  // namespace vlrm
