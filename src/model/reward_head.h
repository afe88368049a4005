// A reward model's head, which gives a number for a state.
#pragma once

#include <vector>

#include "model/weight_reader.h"

namespace vlrm {

// In float32 everywhere.
class RewardHead {
 public:
  RewardHead() = default;
  // Throws Error where the checkpoint has no head of one label, or one of another size.
  RewardHead(const WeightReader& reader, int64_t hidden_size);

  // [rows] on the CPU, of states after the final norm: [rows, hidden size].
  at::Tensor rewards(const at::Tensor& states) const;

 private:
  struct Layer {
    at::Tensor weight, bias;  // the bias may be undefined
  };
  std::vector<Layer> layers_;  // with a ReLU between them
};

}  // namespace vlrm
