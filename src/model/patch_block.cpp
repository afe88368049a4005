#include "model/patch_block.h"

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

PatchBlock::PatchBlock(const WeightReader& reader, const PatchVision& config, const std::string& prefix)
    : heads_(config.attention_heads),
      activation_(config.form.activation),
      attention_norm_(reader, config.form.norm, prefix + "norm1", config.hidden_size, kPatchNormEpsilon),
      feed_forward_norm_(reader, config.form.norm, prefix + "norm2", config.hidden_size, kPatchNormEpsilon) {
  const int64_t width = config.hidden_size, inner = config.intermediate_size;
  queries_keys_values_ = reader.matrix(prefix + "attn.qkv.weight", 3 * width, width);
  queries_keys_values_bias_ = reader.vector(prefix + "attn.qkv.bias", {3 * width});
  output_ = reader.matrix(prefix + "attn.proj.weight", width, width);
  output_bias_ = reader.vector(prefix + "attn.proj.bias", {width});
  const std::string gate = prefix + std::string(config.form.gate), up = prefix + std::string(config.form.up),
                    down = prefix + std::string(config.form.down);
  if (!config.form.gate.empty()) {
    gate_ = reader.matrix(gate + ".weight", inner, width);
    gate_bias_ = reader.vector(gate + ".bias", {inner});
  }
  up_ = reader.matrix(up + ".weight", inner, width);
  up_bias_ = reader.vector(up + ".bias", {inner});
  down_ = reader.matrix(down + ".weight", width, inner);
  down_bias_ = reader.vector(down + ".bias", {width});
}

void PatchBlock::forward(const at::Tensor& hidden, const Rope::Angles& angles, std::span<const int64_t> windows) const {
  add_attention(hidden, angles, windows);
  for (int64_t first = 0; first < hidden.size(0); first += kFeedForwardRows)
    add_feed_forward(hidden.narrow(0, first, std::min(kFeedForwardRows, hidden.size(0) - first)));
}

void PatchBlock::add_attention(const at::Tensor& hidden, const Rope::Angles& angles,
                               std::span<const int64_t> windows) const {
  const at::Tensor normed = attention_norm_(hidden);
  const at::Tensor projected = project(normed, queries_keys_values_, queries_keys_values_bias_)
                                   .view({hidden.size(0), 3 * heads_, hidden.size(1) / heads_});
  rotate_in_float(projected.narrow(1, 0, 2 * heads_), angles);
  const at::Tensor& attended = normed;  // no longer needed: its memory takes the result
  int64_t first = 0;
  for (const int64_t count : windows) {
    const at::Tensor inside = projected.narrow(0, first, count);
    attend_all(attended.narrow(0, first, count),
               {inside.narrow(1, 0, heads_), inside.narrow(1, heads_, heads_), inside.narrow(1, 2 * heads_, heads_)});
    first += count;
  }
  hidden.add_(output_bias_);
  add_projection(hidden, attended, output_);
}

void PatchBlock::add_feed_forward(const at::Tensor& hidden) const {
  const at::Tensor normed = feed_forward_norm_(hidden);
  const at::Tensor inner = gate_.defined() ? project(normed, gate_, gate_bias_) : project(normed, up_, up_bias_);
  activate(inner, activation_);
  if (gate_.defined()) inner.mul_(project(normed, up_, up_bias_));
  hidden.add_(down_bias_);
  add_projection(hidden, inner, down_);
}

PatchMerger::PatchMerger(const WeightReader& reader, const PatchVision& config, const std::string& prefix, Norm norm,
                         int64_t output_size)
    : width_(config.merged_size()),
      of_block_(norm == Norm::of_block),
      norm_(reader, config.form.norm, prefix + std::string(config.form.merger_norm),
            of_block_ ? width_ : config.hidden_size, kPatchNormEpsilon) {
  const std::string inner = prefix + std::string(config.form.merger_inner),
                    output = prefix + std::string(config.form.merger_output);
  inner_ = reader.matrix(inner + ".weight", width_, width_);
  inner_bias_ = reader.vector(inner + ".bias", {width_});
  output_ = reader.matrix(output + ".weight", output_size, width_);
  output_bias_ = reader.vector(output + ".bias", {output_size});
}

at::Tensor PatchMerger::operator()(const at::Tensor& hidden) const {
  const at::Tensor blocks = of_block_ ? norm_(hidden.view({-1, width_})) : norm_(hidden).view({-1, width_});
  at::Tensor inner = project(blocks, inner_, inner_bias_);
  at::gelu_(inner);
  return project(inner, output_, output_bias_);
}

}  // namespace vlrm
