#include "model/cross_attention_layer.h"

#include <cmath>

#include "model/attention.h"
#include "model/projection.h"
#include "model/rms_norm.h"

namespace vlrm {
namespace {

// What the rows of a sight attend to. Nothing is copied where they see a single image.
ImageKeysValues seen_by(const Sight& sight, const std::vector<ImageKeysValues>& images) {
  std::vector<at::Tensor> keys, values;
  for (const int64_t index : sight.images) {
    const ImageKeysValues& image = images[static_cast<size_t>(index)];
    const int64_t rows = sight.everything ? image.keys.size(0) : image.existing;
    keys.push_back(image.keys.narrow(0, 0, rows));
    values.push_back(image.values.narrow(0, 0, rows));
  }
  if (keys.size() == 1) return {keys[0], values[0], 0};
  return {at::cat(keys), at::cat(values), 0};
}

}  // namespace

CrossAttentionLayer::CrossAttentionLayer(const WeightReader& reader, const TextConfig& config,
                                         const std::string& prefix)
    : config_(config),
      norm_(reader.vector(prefix + "input_layernorm.weight", {config.hidden_size})),
      queries_(reader.matrix(prefix + "cross_attn.q_proj.weight", config.attention_heads * config.head_size,
                             config.hidden_size)),
      keys_values_(reader.matrix({{prefix + "cross_attn.k_proj.weight", config.key_value_heads * config.head_size},
                                  {prefix + "cross_attn.v_proj.weight", config.key_value_heads * config.head_size}},
                                 config.hidden_size)),
      output_(reader.matrix(prefix + "cross_attn.o_proj.weight", config.hidden_size,
                            config.attention_heads * config.head_size)),
      query_norm_(reader.vector(prefix + "cross_attn.q_norm.weight", {config.head_size})),
      key_norm_(reader.vector(prefix + "cross_attn.k_norm.weight", {config.head_size})),
      attention_gate_(std::tanh(reader.scalar(prefix + "cross_attn_attn_gate"))),
      feed_forward_gate_(std::tanh(reader.scalar(prefix + "cross_attn_mlp_gate"))),
      feed_forward_(reader, config, prefix) {}

ImageKeysValues CrossAttentionLayer::keys_values(const at::Tensor& features, int64_t existing) const {
  const int64_t shared = config_.key_value_heads;
  const at::Tensor both = project(features, keys_values_).view({features.size(0), 2 * shared, config_.head_size});
  return {rms_norm(both.narrow(1, 0, shared), key_norm_, config_.rms_norm_eps), both.narrow(1, shared, shared),
          existing};
}

at::Tensor CrossAttentionLayer::queries(const at::Tensor& hidden, Rows rows) const {
  const at::Tensor projected = project(rms_norm(hidden, norm_, config_.rms_norm_eps), queries_, rows);
  return rms_norm(projected.view({hidden.size(0), config_.attention_heads, config_.head_size}), query_norm_,
                  config_.rms_norm_eps);
}

void CrossAttentionLayer::forward(const at::Tensor& hidden, const PrefixGroup& group,
                                  const std::vector<ImageKeysValues>& images) const {
  const at::Tensor all = queries(hidden, Rows::together), attended = at::empty_like(all).flatten(1);
  for (const Sight& sight : group.sights) {
    const ImageKeysValues seen = seen_by(sight, images);
    const int64_t first = sight.rows.first - group.rows.first;
    attend_all(attended.narrow(0, first, sight.rows.length),
               {all.narrow(0, first, sight.rows.length), seen.keys, seen.values});
  }
  add_projection(hidden, attended, output_, attention_gate_);
  for (const Sight& sight : group.sights)
    if (!sight.everything)
      feed_forward_.add_to(hidden.narrow(0, sight.rows.first - group.rows.first, sight.rows.length),
                           feed_forward_gate_);
}

void CrossAttentionLayer::step(const at::Tensor& hidden, std::span<const Growing> groups) const {
  const at::Tensor all = queries(hidden, Rows::apart), attended = at::empty_like(all).flatten(1);
  attend_to_past(attended, all, groups);
  add_projection(hidden, attended, output_, attention_gate_, Rows::apart);
  feed_forward_.add_to(hidden, feed_forward_gate_, Rows::apart);
}

}  // namespace vlrm
