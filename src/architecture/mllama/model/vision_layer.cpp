#include "architecture/mllama/model/vision_layer.h"

#include <algorithm>
#include <cmath>

#include "model/attention.h"
#include "model/projection.h"

namespace vlrm {
namespace {

// A third of four tiles' patches: bounds the activations at no cost in speed on a CPU. A GPU takes all of them.
constexpr int64_t kPatchRows = 2144;

}  // namespace

VisionLayer::VisionLayer(const WeightReader& reader, const MllamaVision& config, const std::string& prefix, bool gated)
    : heads_(config.attention_heads), epsilon_(config.norm_eps) {
  const int64_t width = config.hidden_size;
  attention_norm_ = reader.vector(prefix + "input_layernorm.weight", {width});
  attention_norm_bias_ = reader.vector(prefix + "input_layernorm.bias", {width});
  queries_keys_values_ = reader.matrix({{prefix + "self_attn.q_proj.weight", width},
                                        {prefix + "self_attn.k_proj.weight", width},
                                        {prefix + "self_attn.v_proj.weight", width}},
                                       width);
  output_ = reader.matrix(prefix + "self_attn.o_proj.weight", width, width);
  feed_forward_norm_ = reader.vector(prefix + "post_attention_layernorm.weight", {width});
  feed_forward_norm_bias_ = reader.vector(prefix + "post_attention_layernorm.bias", {width});
  up_ = reader.matrix(prefix + "mlp.fc1.weight", config.intermediate_size, width);
  up_bias_ = reader.vector(prefix + "mlp.fc1.bias", {config.intermediate_size});
  down_ = reader.matrix(prefix + "mlp.fc2.weight", width, config.intermediate_size);
  down_bias_ = reader.vector(prefix + "mlp.fc2.bias", {width});
  if (!gated) return;
  attention_gate_ = std::tanh(reader.scalar(prefix + "gate_attn"));
  feed_forward_gate_ = std::tanh(reader.scalar(prefix + "gate_ffn"));
  down_bias_.mul_(feed_forward_gate_);
}

void VisionLayer::forward(const at::Tensor& hidden, int64_t real, const Runs* runs) const {
  add_attention(hidden, real, runs);
  const int64_t at_once = hidden.is_cpu() ? kPatchRows : hidden.size(0);
  for (int64_t first = 0; first < hidden.size(0); first += at_once)
    add_feed_forward(hidden.narrow(0, first, std::min(at_once, hidden.size(0) - first)));
}

void VisionLayer::add_attention(const at::Tensor& hidden, int64_t real, const Runs* runs) const {
  const int64_t rows = hidden.size(0), width = hidden.size(1), padding = rows - real;
  const at::Tensor normed = at::layer_norm(hidden, {width}, attention_norm_, attention_norm_bias_, epsilon_);
  const at::Tensor projected = project(normed, queries_keys_values_).view({rows, 3 * heads_, width / heads_});
  const at::Tensor queries = projected.narrow(1, 0, heads_), keys = projected.narrow(1, heads_, heads_),
                   values = projected.narrow(1, 2 * heads_, heads_);
  if (runs) {
    const at::Tensor attended = attend_runs({queries, keys, values}, *runs, /*causal=*/false);
    add_projection(hidden, attended, output_, attention_gate_);
    return;
  }
  const at::Tensor& attended = normed;  // no longer needed: its memory takes the result
  attend_all(attended.narrow(0, 0, real), {queries.narrow(0, 0, real), keys, values});
  if (padding > 0)
    attend_all(attended.narrow(0, real, padding),
               {queries.narrow(0, real, padding), keys.narrow(0, 0, real), values.narrow(0, 0, real)});
  add_projection(hidden, attended, output_, attention_gate_);
}

void VisionLayer::add_feed_forward(const at::Tensor& hidden) const {
  const at::Tensor normed =
      at::layer_norm(hidden, {hidden.size(1)}, feed_forward_norm_, feed_forward_norm_bias_, epsilon_);
  at::Tensor inner = project(normed, up_, up_bias_);
  at::gelu_(inner);
  hidden.add_(down_bias_);
  add_projection(hidden, inner, down_, feed_forward_gate_);
}

}  // namespace vlrm
