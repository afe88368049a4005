#include "architecture/qwen3_vl/model/patch_block.h"

#include <algorithm>

#include "model/attention.h"
#include "model/projection.h"

namespace vlrm {
namespace {

constexpr double kPatchNormEpsilon = 1e-6;
constexpr int64_t kFeedForwardRows = 2048;  // bounds the activations at no cost in speed

// In float32, as the reference has it whatever the type of the states.
void rotate_in_float(const at::Tensor& x, const Rope::Angles& angles) {
  const at::Tensor exact = x.to(at::kFloat);
  Rope::rotate(exact, angles);
  if (!exact.is_same(x)) x.copy_(exact);
}

}  // namespace

PatchNorm::PatchNorm(const WeightReader& reader, const std::string& prefix, int64_t width)
    : weight(reader.vector(prefix + ".weight", {width})), bias(reader.vector(prefix + ".bias", {width})) {}

at::Tensor PatchNorm::operator()(const at::Tensor& x) const {
  return at::layer_norm(x, {x.size(-1)}, weight, bias, kPatchNormEpsilon);
}

PatchBlock::PatchBlock(const WeightReader& reader, const Qwen3VlVision& config, const std::string& prefix)
    : heads_(config.attention_heads),
      attention_norm_(reader, prefix + "norm1", config.hidden_size),
      feed_forward_norm_(reader, prefix + "norm2", config.hidden_size) {
  const int64_t width = config.hidden_size, inner = config.intermediate_size;
  queries_keys_values_ = reader.matrix(prefix + "attn.qkv.weight", 3 * width, width);
  queries_keys_values_bias_ = reader.vector(prefix + "attn.qkv.bias", {3 * width});
  output_ = reader.matrix(prefix + "attn.proj.weight", width, width);
  output_bias_ = reader.vector(prefix + "attn.proj.bias", {width});
  up_ = reader.matrix(prefix + "mlp.linear_fc1.weight", inner, width);
  up_bias_ = reader.vector(prefix + "mlp.linear_fc1.bias", {inner});
  down_ = reader.matrix(prefix + "mlp.linear_fc2.weight", width, inner);
  down_bias_ = reader.vector(prefix + "mlp.linear_fc2.bias", {width});
}

void PatchBlock::forward(const at::Tensor& hidden, const Rope::Angles& angles) const {
  add_attention(hidden, angles);
  for (int64_t first = 0; first < hidden.size(0); first += kFeedForwardRows)
    add_feed_forward(hidden.narrow(0, first, std::min(kFeedForwardRows, hidden.size(0) - first)));
}

void PatchBlock::add_attention(const at::Tensor& hidden, const Rope::Angles& angles) const {
  const at::Tensor normed = attention_norm_(hidden);
  const at::Tensor projected = project(normed, queries_keys_values_, queries_keys_values_bias_)
                                   .view({hidden.size(0), 3 * heads_, hidden.size(1) / heads_});
  rotate_in_float(projected.narrow(1, 0, 2 * heads_), angles);
  const at::Tensor& attended = normed;  // no longer needed: its memory takes the result
  attend_all(attended, {projected.narrow(1, 0, heads_), projected.narrow(1, heads_, heads_),
                        projected.narrow(1, 2 * heads_, heads_)});
  hidden.add_(output_bias_);
  add_projection(hidden, attended, output_);
}

void PatchBlock::add_feed_forward(const at::Tensor& hidden) const {
  at::Tensor inner = project(feed_forward_norm_(hidden), up_, up_bias_);
  at::gelu_(inner, "tanh");
  hidden.add_(down_bias_);
  add_projection(hidden, inner, down_);
}

PatchMerger::PatchMerger(const WeightReader& reader, const Qwen3VlVision& config, const std::string& prefix, Norm norm,
                         int64_t output_size)
    : width_(config.merged_size()),
      of_block_(norm == Norm::of_block),
      norm_(reader, prefix + "norm", of_block_ ? width_ : config.hidden_size),
      inner_(reader.matrix(prefix + "linear_fc1.weight", width_, width_)),
      inner_bias_(reader.vector(prefix + "linear_fc1.bias", {width_})),
      output_(reader.matrix(prefix + "linear_fc2.weight", output_size, width_)),
      output_bias_(reader.vector(prefix + "linear_fc2.bias", {output_size})) {}

at::Tensor PatchMerger::operator()(const at::Tensor& hidden) const {
  const at::Tensor blocks = of_block_ ? norm_(hidden.view({-1, width_})) : norm_(hidden).view({-1, width_});
  at::Tensor inner = project(blocks, inner_, inner_bias_);
  at::gelu_(inner);
  return project(inner, output_, output_bias_);
}

}  // namespace vlrm
