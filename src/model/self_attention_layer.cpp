#include "model/self_attention_layer.h"

#include "model/attention.h"
#include "model/projection.h"
#include "model/rms_norm.h"

namespace vlrm {

SelfAttentionLayer::SelfAttentionLayer(const WeightReader& reader, const TextConfig& config, const std::string& prefix)
    : config_(config),
      norm_(reader.vector(prefix + "input_layernorm.weight", {config.hidden_size})),
      queries_keys_values_(
          reader.matrix({{prefix + "self_attn.q_proj.weight", config.attention_heads * config.head_size},
                         {prefix + "self_attn.k_proj.weight", config.key_value_heads * config.head_size},
                         {prefix + "self_attn.v_proj.weight", config.key_value_heads * config.head_size}},
                        config.hidden_size)),
      output_(reader.matrix(prefix + "self_attn.o_proj.weight", config.hidden_size,
                            config.attention_heads * config.head_size)),
      feed_forward_(reader, config, prefix) {}

void SelfAttentionLayer::forward(const at::Tensor& hidden, const PrefixGroup& group, const Rope::Angles& angles) const {
  const int64_t heads = config_.attention_heads, shared = config_.key_value_heads, size = config_.head_size;
  const at::Tensor projected = project(rms_norm(hidden, norm_, config_.rms_norm_eps), queries_keys_values_)
                                   .view({hidden.size(0), heads + 2 * shared, size});
  Rope::rotate(projected.narrow(1, 0, heads + shared), angles);
  const at::Tensor queries = projected.narrow(1, 0, heads);
  const at::Tensor keys = projected.narrow(1, heads, shared), values = projected.narrow(1, heads + shared, shared);

  const at::Tensor attended = at::empty({hidden.size(0), heads * size}, hidden.options());
  const auto rows = [&](const at::Tensor& x, const Segment& segment) {
    return x.narrow(0, segment.first - group.rows.first, segment.length);
  };
  const at::Tensor past_keys = rows(keys, group.prefix), past_values = rows(values, group.prefix);
  attend_causally(rows(attended, group.prefix), {rows(queries, group.prefix), past_keys, past_values});
  for (const Segment& segment : group.continuations) {
    if (segment.length == 0) continue;
    attend_causally(rows(attended, segment), {rows(queries, segment), at::cat({past_keys, rows(keys, segment)}),
                                              at::cat({past_values, rows(values, segment)})});
  }
  add_projection(hidden, attended, output_);
  feed_forward_.add_to(hidden);
}

}  // namespace vlrm
