// How one tensor of a merge is made, and the checkpoint of such tensors.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "merge/alignment.h"
#include "merge/method.h"

namespace vlrm {

struct PlannedTensor {
  struct Origin {
    CheckpointPtr weights;
    std::string name;
  };
  TensorInfo output;
  std::vector<Origin> origins;       // of merge's inputs in order, then of its base; of one that is carried over: one
  std::optional<TensorMerge> merge;  // without readers; none: carried over
  bool has_base = false;
  std::shared_ptr<const RowAlignment> alignment;  // of the origins, or none
};

// `description` is what errors call it. In any order.
CheckpointPtr planned_checkpoint(std::vector<PlannedTensor> tensors, std::string description);

}  // namespace vlrm
