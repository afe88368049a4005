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
      feed_forward_(reader, config, prefix) {
  const auto vector = [&](const char* name, int64_t size) {
    return reader.vector(prefix + "self_attn." + name, {size});
  };
  const int64_t values = config.key_value_heads * config.head_size;
  if (config.query_key_value_biases)
    bias_ = at::cat({vector("q_proj.bias", config.attention_heads * config.head_size), vector("k_proj.bias", values),
                     vector("v_proj.bias", values)});
  if (config.output_bias) output_bias_ = vector("o_proj.bias", config.hidden_size);
  if (!config.head_norms) return;
  query_norm_ = vector("q_norm.weight", config.head_size);
  key_norm_ = vector("k_norm.weight", config.head_size);
}

SelfAttentionLayer::QueriesKeysValues SelfAttentionLayer::project_rows(const at::Tensor& hidden,
                                                                       const Rope::Angles& angles,
                                                                       const Rows& rows) const {
  const int64_t heads = config_.attention_heads, shared = config_.key_value_heads, size = config_.head_size;
  const at::Tensor projected = project(rms_norm(hidden, norm_, config_.rms_norm_eps), queries_keys_values_, rows, bias_)
                                   .view({hidden.size(0), heads + 2 * shared, size});
  const at::Tensor queries = projected.narrow(1, 0, heads), keys = projected.narrow(1, heads, shared);
  if (config_.head_norms) {
    queries.copy_(rms_norm(queries, query_norm_, config_.rms_norm_eps));
    keys.copy_(rms_norm(keys, key_norm_, config_.rms_norm_eps));
  }
  Rope::rotate(projected.narrow(1, 0, heads + shared), angles);
  return {queries, keys, projected.narrow(1, heads + shared, shared), projected.narrow(1, heads, 2 * shared)};
}

void SelfAttentionLayer::forward(const at::Tensor& hidden, const LayerInput& input,
                                 std::span<LayerCache* const> caches) const {
  if (input.runs) return forward_runs(hidden, input);
  for (const Cut& cut : input.batch.cuts) {
    input.before_work();
    const auto [first, length] = cut.rows;
    forward_cut(hidden.narrow(0, first, length), cut, input.batch.groups_of(cut), input.angles.rows(first, length),
                caches.empty() ? caches : caches.subspan(cut.first, cut.count));
  }
}

void SelfAttentionLayer::forward_cut(const at::Tensor& hidden, const Cut& cut, std::span<const PrefixGroup> groups,
                                     const Rope::Angles& angles, std::span<LayerCache* const> caches) const {
  const Rows calls = rows_of(cut);
  const auto [queries, keys, values, _] = project_rows(hidden, angles, calls);
  const at::Tensor attended =
      at::empty({hidden.size(0), config_.attention_heads * config_.head_size}, hidden.options());
  const auto rows = [&](const at::Tensor& x, const Segment& segment) {
    return x.narrow(0, segment.first - cut.rows.first, segment.length);
  };
  for (size_t g = 0; g < groups.size(); ++g) {
    const PrefixGroup& group = groups[g];
    const at::Tensor past_keys = rows(keys, group.prefix), past_values = rows(values, group.prefix);
    if (!caches.empty()) caches[g]->shared = {std::make_shared<KeysValues>(KeysValues::of(past_keys, past_values))};
    attend_causally(rows(attended, group.prefix), {rows(queries, group.prefix), past_keys, past_values});
    for (const Segment& segment : group.continuations) {
      if (segment.length == 0) continue;
      attend_causally(rows(attended, segment), {rows(queries, segment), at::cat({past_keys, rows(keys, segment)}),
                                                at::cat({past_values, rows(values, segment)})});
    }
  }
  add_output(hidden, attended, calls);
  feed_forward_.add_to(hidden, 1, calls);
}

// Keys that several texts share are repeated for each of them, which takes less time than a call for each.
void SelfAttentionLayer::forward_runs(const at::Tensor& hidden, const LayerInput& input) const {
  input.before_work();
  auto [queries, keys, values, both] = project_rows(hidden, input.angles, Rows::together());
  const int64_t shared = config_.key_value_heads;
  if (input.pages) store(input.pages->pool, input.pages->texts, both);
  if (const at::Tensor& rows = input.runs->key_rows; rows.defined()) {
    both = both.index_select(0, rows);
    keys = both.narrow(1, 0, shared);
    values = both.narrow(1, shared, shared);
  }
  add_output(hidden, attend_runs({queries, keys, values}, input.runs->texts, /*causal=*/true), Rows::together());
  feed_forward_.add_to(hidden);
}

void SelfAttentionLayer::add_output(const at::Tensor& hidden, const at::Tensor& attended, const Rows& rows) const {
  add_projection(hidden, attended, output_, 1, rows);
  if (output_bias_.defined()) hidden.add_(output_bias_);
}

void SelfAttentionLayer::step(const at::Tensor& hidden, const Rope::Angles& angles,
                              std::span<const Growing> groups) const {
  const auto [queries, keys, values, _] = project_rows(hidden, angles, Rows::apart());
  int64_t row = 0;
  for (const Growing& group : groups) {
    group.cache->append(keys.narrow(0, row, group.texts), values.narrow(0, row, group.texts));
    row += group.texts;
  }
  const at::Tensor attended =
      at::empty({hidden.size(0), config_.attention_heads * config_.head_size}, hidden.options());
  attend_to_past(attended, queries, groups);
  add_output(hidden, attended, Rows::apart());
  feed_forward_.add_to(hidden, 1, Rows::apart());
}

void SelfAttentionLayer::step(const at::Tensor& hidden, const PagedStep& step) const {
  const auto projected = project_rows(hidden, step.angles, Rows::together());
  store(step.pool, {{}, step.places}, projected.keys_and_values);
  add_output(hidden, attend_pages(projected.queries, step.pool, step.texts, step.pages), Rows::together());
  feed_forward_.add_to(hidden);
}

LayerPart add_self_attention_layer(Parts& parts, const ModelConfig& config, int64_t, const std::string& prefix) {
  return {parts.add<DecoderLayer, SelfAttentionLayer>(
      [=, text = config.text](const WeightReader& reader) { return SelfAttentionLayer(reader, text, prefix); })};
}

}  // namespace vlrm
