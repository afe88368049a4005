// A Llama decoder layer (Touvron et al. 2023) over a ragged batch.
#pragma once

#include "model/feed_forward.h"
#include "model/ragged_batch.h"
#include "model/rope.h"
#include "model/step_attention.h"

namespace vlrm {

class SelfAttentionLayer {
 public:
  SelfAttentionLayer(const WeightReader& reader, const TextConfig& config, const std::string& prefix);

  // hidden [rows of the group, hidden size] is replaced by the layer's output. Continuations also see the prefix.
  // `cache`, if there is one, gets the prefix's keys and values.
  void forward(const at::Tensor& hidden, const PrefixGroup& group, const Rope::Angles& angles,
               LayerCache* cache = nullptr) const;

  // The same for the next token of each text: hidden [texts of all groups, hidden size]. The caches grow by it.
  void step(const at::Tensor& hidden, const Rope::Angles& angles, std::span<const Growing> groups) const;

 private:
  // Of a projection's rows: [rows, heads, head size] each, rotated.
  struct QueriesKeysValues {
    at::Tensor queries, keys, values;
  };
  QueriesKeysValues project_rows(const at::Tensor& hidden, const Rope::Angles& angles, Rows rows) const;

  TextConfig config_;
  at::Tensor norm_, queries_keys_values_, output_;
  FeedForward feed_forward_;
};

}  // namespace vlrm
