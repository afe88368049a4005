#include "architecture/tensor_shapes.h"

#include <fmt/format.h>

#include <algorithm>

namespace vlrm {

void ShapeList::add(const std::string& prefix, Modules names, const Shape& shape) {
  for (const std::string_view name : names) shapes_[prefix + std::string(name)] = shape;
}

void ShapeList::add_weights(const std::string& prefix, Modules modules, const Shape& shape) {
  for (const std::string_view module : modules) add(prefix + std::string(module), {".weight"}, shape);
}

void ShapeList::add_biased(const std::string& prefix, Modules modules, const Shape& shape) {
  add_weights(prefix, modules, shape);
  for (const std::string_view module : modules) add(prefix + std::string(module), {".bias"}, {shape[0]});
}

void ShapeList::add_attention(const std::string& prefix, const TextConfig& text) {
  const int64_t queries = text.attention_heads * text.head_size, keys = text.key_value_heads * text.head_size;
  add_weights(prefix, {"q_proj"}, {queries, text.hidden_size});
  add_weights(prefix, {"k_proj", "v_proj"}, {keys, text.hidden_size});
  add_weights(prefix, {"o_proj"}, {text.hidden_size, queries});
  if (text.query_key_value_biases) {
    add(prefix, {"q_proj.bias"}, {queries});
    add(prefix, {"k_proj.bias", "v_proj.bias"}, {keys});
  }
  if (text.output_bias) add(prefix, {"o_proj.bias"}, {text.hidden_size});
  if (text.head_norms) add_weights(prefix, {"q_norm", "k_norm"}, {text.head_size});
}

void ShapeList::add_feed_forward(const std::string& prefix, const TextConfig& text) {
  add_weights(prefix, {"input_layernorm", "post_attention_layernorm"}, {text.hidden_size});
  add_weights(prefix, {"mlp.gate_proj", "mlp.up_proj"}, {text.intermediate_size, text.hidden_size});
  add_weights(prefix, {"mlp.down_proj"}, {text.hidden_size, text.intermediate_size});
}

void ShapeList::add_decoder(const std::string& prefix, const TextConfig& text, int64_t rows) {
  add_weights(prefix, {"embed_tokens"}, {rows, text.hidden_size});
  add_weights(prefix, {"norm"}, {text.hidden_size});
  for (int64_t layer = 0; layer < text.layers; ++layer) {
    if (std::ranges::binary_search(text.cross_attention_layers, layer)) continue;
    const std::string layer_prefix = fmt::format("{}layers.{}.", prefix, layer);
    add_feed_forward(layer_prefix, text);
    add_attention(layer_prefix + "self_attn.", text);
  }
}

}  // namespace vlrm
