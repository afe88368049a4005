#include "model/vit_layer.h"

#include "model/attention.h"
#include "model/projection.h"
#include "model/rms_norm.h"

namespace vlrm {
namespace {

constexpr double kHeadsNormEpsilon = 1e-6;

std::string within(const std::string& prefix, std::string_view name) {
  return prefix + std::string(name);
}

}  // namespace

VitLayer::VitLayer(const WeightReader& reader, const VitVision& config, const std::string& prefix)
    : heads_(config.attention_heads),
      activation_(config.activation),
      norms_{{reader, config.norm, within(prefix, config.form.norms[0]), config.hidden_size, config.epsilon},
             {reader, config.norm, within(prefix, config.form.norms[1]), config.hidden_size, config.epsilon}} {
  const VitForm& form = config.form;
  const int64_t width = config.hidden_size, inner = config.intermediate_size;
  const std::string queries = within(prefix, form.queries), keys = within(prefix, form.keys),
                    values = within(prefix, form.values);
  queries_keys_values_ =
      reader.matrix({{queries + ".weight", width}, {keys + ".weight", width}, {values + ".weight", width}}, width);
  if (config.attention_biases)
    queries_keys_values_bias_ =
        at::cat({reader.vector(queries + ".bias", {width}), reader.vector(keys + ".bias", {width}),
                 reader.vector(values + ".bias", {width})});
  if (!form.query_norm.empty()) {
    query_norm_ = reader.vector(within(prefix, form.query_norm) + ".weight", {width});
    key_norm_ = reader.vector(within(prefix, form.key_norm) + ".weight", {width});
  }
  up_ = reader.matrix(prefix + "mlp.fc1.weight", inner, width);
  up_bias_ = reader.vector(prefix + "mlp.fc1.bias", {inner});
  const std::string outputs[] = {within(prefix, form.output), prefix + "mlp.fc2"};
  const int64_t inputs[] = {width, inner};
  for (const int part : {0, 1}) {
    outputs_[part] = reader.matrix(outputs[part] + ".weight", width, inputs[part]);
    output_biases_[part] = reader.vector(outputs[part] + ".bias", {width});
    if (!form.scales[part].empty()) scales_[part] = reader.vector(within(prefix, form.scales[part]), {width});
  }
}

void VitLayer::forward(const at::Tensor& hidden) const {
  for (int64_t tile = 0; tile < hidden.size(0); ++tile) {
    add_attention(hidden.select(0, tile));
    add_feed_forward(hidden.select(0, tile));
  }
}

void VitLayer::add_attention(const at::Tensor& tile) const {
  const int64_t rows = tile.size(0), width = tile.size(1);
  const at::Tensor normed = norms_[0](tile);
  const at::Tensor projected = project(normed, queries_keys_values_, queries_keys_values_bias_).view({rows, 3, width});
  if (query_norm_.defined()) {
    const at::Tensor queries = projected.select(1, 0), keys = projected.select(1, 1);
    queries.copy_(rms_norm(queries, query_norm_, kHeadsNormEpsilon));
    keys.copy_(rms_norm(keys, key_norm_, kHeadsNormEpsilon));
  }
  const auto heads = [&](int64_t index) { return projected.select(1, index).view({rows, heads_, width / heads_}); };
  const at::Tensor& attended = normed;  // no longer needed: its memory takes the result
  attend_all(attended, {heads(0), heads(1), heads(2)});
  add_output(tile, attended, 0);
}

void VitLayer::add_feed_forward(const at::Tensor& tile) const {
  const at::Tensor inner = project(norms_[1](tile), up_, up_bias_);
  activate(inner, activation_);
  add_output(tile, inner, 1);
}

void VitLayer::add_output(const at::Tensor& tile, const at::Tensor& input, int part) const {
  if (scales_[part].defined()) {
    tile.add_(project(input, outputs_[part], output_biases_[part]).mul_(scales_[part]));
    return;
  }
  tile.add_(output_biases_[part]);
  add_projection(tile, input, outputs_[part]);
}

}  // namespace vlrm
