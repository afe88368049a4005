// Which tensors of a merge's models the output, whose config is one model's, has a use for.
#pragma once

#include <string>
#include <vector>

#include "build/causal_model.h"
#include "weights/checkpoint.h"

namespace vlrm {

struct UsefulTensors {
  CheckpointPtr weights;
  std::vector<std::string> left_out;

  // One line on what the model called `name` lost to the config of `donor`; "" where that is nothing.
  std::string note(const std::string& name, const std::string& donor) const;
};

// The tensors of `model` but those that the output would hold for nothing, as `donor`, whose config it has, is without
// them: of layers, what none of its layers has (biases, a vision tower); beside the layers, what only another kind of
// model has. A head beside tied embeddings is of use: it unties them.
UsefulTensors useful_tensors(const CausalModel& model, const CausalModel& donor);

}  // namespace vlrm
