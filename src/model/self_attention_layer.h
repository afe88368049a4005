// A Llama decoder layer (Touvron et al. 2023) over a ragged batch, with the biases and norms of heads that other
// families add to its attention.
#pragma once

#include "model/family_parts.h"
#include "model/feed_forward.h"

namespace vlrm {

class SelfAttentionLayer final : public DecoderLayer {
 public:
  SelfAttentionLayer(const WeightReader& reader, const TextConfig& config, const std::string& prefix);

  // Continuations also see the prefix. The caches get the prefixes' keys and values.
  void forward(const at::Tensor& hidden, const LayerInput& input, std::span<LayerCache* const> caches) const override;
  void step(const at::Tensor& hidden, const Rope::Angles& angles, std::span<const Growing> groups) const override;
  void step(const at::Tensor& hidden, const PagedStep& step) const override;

 private:
  // Of a projection's rows: [rows, heads, head size] each, rotated.
  struct QueriesKeysValues {
    at::Tensor queries, keys, values;
    at::Tensor keys_and_values;  // both side by side: [rows, 2 · key/value heads, head size]
  };
  QueriesKeysValues project_rows(const at::Tensor& hidden, const Rope::Angles& angles, const Rows& rows) const;
  void forward_cut(const at::Tensor& hidden, const Cut& cut, std::span<const PrefixGroup> groups,
                   const Rope::Angles& angles, std::span<LayerCache* const> caches) const;
  void forward_runs(const at::Tensor& hidden, const LayerInput& input) const;
  void add_output(const at::Tensor& hidden, const at::Tensor& attended, const Rows& rows) const;

  TextConfig config_;
  at::Tensor norm_, queries_keys_values_, output_;
  at::Tensor bias_, output_bias_, query_norm_, key_norm_;  // undefined in families without them
  FeedForward feed_forward_;
};

// For the families' tables.
LayerPart add_self_attention_layer(Parts& parts, const ModelConfig& config, int64_t index, const std::string& prefix);

}  // namespace vlrm
