// Checkpoints made of checkpoints; nothing is read or computed until a tensor is opened.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "weights/checkpoint.h"

namespace vlrm {

// The tensors for which `rename` gives a name, under that name. Two that get the same name: Error.
CheckpointPtr renamed(CheckpointPtr source,
                      const std::function<std::optional<std::string>(const std::string&)>& rename);

// All tensors of all layers; where several have a name, the last one wins. Shapes may differ: the winner's counts.
CheckpointPtr overlay(std::vector<CheckpointPtr> layers);

// Float tensors converted to `dtype` (one of the three float types), the others as they are.
CheckpointPtr cast(CheckpointPtr source, Dtype dtype);

// Floats that `types` names converted to the type it says, the others as they are.
CheckpointPtr cast_each(CheckpointPtr source, const std::map<std::string, Dtype>& types);

// The first `rows` rows of a tensor of `source` under the same name; the other tensors as they are.
CheckpointPtr with_first_rows(CheckpointPtr source, const std::string& name, int64_t rows);
// One row of a tensor, as a tensor of one row; the other tensors as they are.
CheckpointPtr with_row(CheckpointPtr source, const std::string& name, int64_t row);

// Tensors for which `parts` gives names, cut into as many tensors of equal rows under these; the others as they are.
// Throws Error where rows cannot be cut so.
CheckpointPtr with_equal_rows(CheckpointPtr source,
                              const std::function<std::vector<std::string>(const std::string&)>& parts);

// `source` under another name, or with fewer rows.
std::unique_ptr<TensorReader> relabelled(std::unique_ptr<TensorReader> source, TensorInfo info);

}  // namespace vlrm
