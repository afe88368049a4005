// The gated feed-forward part of a Llama layer (SwiGLU, Shazeer 2020) with the norm before it.
#pragma once

#include "architecture/config.h"
#include "model/projection.h"
#include "model/weight_reader.h"

namespace vlrm {

class FeedForward {
 public:
  // `prefix` names the layer: "language_model.model.layers.3.".
  FeedForward(const WeightReader& reader, const TextConfig& config, const std::string& prefix);
  // hidden += scale · feed_forward(norm(hidden)), in place: [rows, hidden size].
  void add_to(const at::Tensor& hidden, double scale = 1, const Rows& rows = Rows::together()) const;

 private:
  double epsilon_;
  at::Tensor norm_, gate_and_up_, down_;
};

}  // namespace vlrm
