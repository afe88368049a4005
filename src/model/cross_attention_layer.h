// Mllama's gated cross-attention layer: text looks at images.
#pragma once

#include "model/feed_forward.h"
#include "model/ragged_batch.h"
#include "model/step_attention.h"

namespace vlrm {

// The keys and values that an image has for one layer: [max tiles · patches, key/value heads, head size], the patches
// of the tiles that exist first.
struct ImageKeysValues {
  at::Tensor keys, values;
  int64_t existing = 0;  // rows of the tiles that exist

  KeysValues of_existing() const { return KeysValues::of(keys.narrow(0, 0, existing), values.narrow(0, 0, existing)); }
};

class CrossAttentionLayer {
 public:
  CrossAttentionLayer(const WeightReader& reader, const TextConfig& config, const std::string& prefix);

  // features [max tiles · patches, hidden size] of one image, as the vision tower gives them.
  ImageKeysValues keys_values(const at::Tensor& features, int64_t existing) const;

  // hidden [rows of the group, hidden size] is replaced by the layer's output. images[i] belongs to index i of
  // RaggedBatch::images; those of the group must be there.
  void forward(const at::Tensor& hidden, const PrefixGroup& group, const std::vector<ImageKeysValues>& images) const;

  // The same for the next token of each text, in groups that see images: hidden [texts of all groups, hidden size].
  void step(const at::Tensor& hidden, std::span<const Growing> groups) const;

 private:
  at::Tensor queries(const at::Tensor& hidden, Rows rows) const;  // [rows, heads, head size]

  TextConfig config_;
  at::Tensor norm_, queries_, keys_values_, output_, query_norm_, key_norm_;
  double attention_gate_, feed_forward_gate_;  // tanh of the weights
  FeedForward feed_forward_;
};

}  // namespace vlrm
