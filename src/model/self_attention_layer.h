// A Llama decoder layer (Touvron et al. 2023) over a ragged batch.
#pragma once

#include "model/feed_forward.h"
#include "model/ragged_batch.h"
#include "model/rope.h"

namespace vlrm {

class SelfAttentionLayer {
 public:
  SelfAttentionLayer(const WeightReader& reader, const TextConfig& config, const std::string& prefix);

  // hidden [rows of the group, hidden size] is replaced by the layer's output. Continuations also see the prefix.
  void forward(const at::Tensor& hidden, const PrefixGroup& group, const Rope::Angles& angles) const;

 private:
  TextConfig config_;
  at::Tensor norm_, queries_keys_values_, output_;
  FeedForward feed_forward_;
};

}  // namespace vlrm
