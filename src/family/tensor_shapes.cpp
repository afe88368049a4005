#include "family/tensor_shapes.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "base/error.h"

namespace vlrm {
namespace {

using Shape = std::vector<int64_t>;
using Modules = std::initializer_list<std::string_view>;

constexpr int64_t kChannels = 3;

// Tensors of one shape, gathered under a prefix.
class ShapeList {
 public:
  void add(const std::string& prefix, Modules names, const Shape& shape) {
    for (const std::string_view name : names) shapes_[prefix + std::string(name)] = shape;
  }
  void add_weights(const std::string& prefix, Modules modules, const Shape& shape) {
    for (const std::string_view module : modules) add(prefix + std::string(module), {".weight"}, shape);
  }
  // With a bias of as many values as the weight has rows.
  void add_biased(const std::string& prefix, Modules modules, const Shape& shape) {
    add_weights(prefix, modules, shape);
    for (const std::string_view module : modules) add(prefix + std::string(module), {".bias"}, {shape[0]});
  }
  TensorShapes take() && { return std::move(shapes_); }

 private:
  TensorShapes shapes_;
};

void add_attention(ShapeList& list, const std::string& prefix, const TextConfig& text) {
  const int64_t queries = text.attention_heads * text.head_size, keys = text.key_value_heads * text.head_size;
  list.add_weights(prefix, {"q_proj"}, {queries, text.hidden_size});
  list.add_weights(prefix, {"k_proj", "v_proj"}, {keys, text.hidden_size});
  list.add_weights(prefix, {"o_proj"}, {text.hidden_size, queries});
}

void add_text_layer(ShapeList& list, const std::string& prefix, const TextConfig& text, bool cross) {
  list.add_weights(prefix, {"input_layernorm", "post_attention_layernorm"}, {text.hidden_size});
  list.add_weights(prefix, {"mlp.gate_proj", "mlp.up_proj"}, {text.intermediate_size, text.hidden_size});
  list.add_weights(prefix, {"mlp.down_proj"}, {text.hidden_size, text.intermediate_size});
  add_attention(list, prefix + (cross ? "cross_attn." : "self_attn."), text);
  if (!cross) return;
  list.add_weights(prefix + "cross_attn.", {"q_norm", "k_norm"}, {text.head_size});
  list.add(prefix, {"cross_attn_attn_gate", "cross_attn_mlp_gate"}, {1});
}

// `prefix` ends in "model.".
void add_backbone(ShapeList& list, const std::string& prefix, const TextConfig& text, int64_t rows) {
  list.add_weights(prefix, {"embed_tokens"}, {rows, text.hidden_size});
  list.add_weights(prefix, {"norm"}, {text.hidden_size});
  for (int64_t layer = 0; layer < text.layers; ++layer)
    add_text_layer(list, fmt::format("{}layers.{}.", prefix, layer), text,
                   std::ranges::binary_search(text.cross_attention_layers, layer));
}

void add_vision_layers(ShapeList& list, const std::string& transformer, const VisionConfig& vision, int64_t layers,
                       bool gated) {
  const int64_t width = vision.hidden_size;
  for (int64_t layer = 0; layer < layers; ++layer) {
    const std::string prefix = fmt::format("vision_model.{}.layers.{}.", transformer, layer);
    list.add_weights(prefix + "self_attn.", {"q_proj", "k_proj", "v_proj", "o_proj"}, {width, width});
    list.add_biased(prefix, {"input_layernorm", "post_attention_layernorm"}, {width});
    list.add_biased(prefix, {"mlp.fc1"}, {vision.intermediate_size, width});
    list.add_biased(prefix, {"mlp.fc2"}, {width, vision.intermediate_size});
    if (gated) list.add(prefix, {"gate_attn", "gate_ffn"}, {1});
  }
}

void add_vision(ShapeList& list, const VisionConfig& vision) {
  const int64_t width = vision.hidden_size, side = vision.image_size / vision.patch_size;
  const int64_t patches = side * side + 1;
  const auto ratios = static_cast<int64_t>(vision.supported_aspect_ratios.size()) + 1;  // id 0 stands for no image
  const std::string prefix = "vision_model.";
  list.add(prefix, {"class_embedding"}, {width});
  list.add_weights(prefix, {"patch_embedding"}, {width, kChannels, vision.patch_size, vision.patch_size});
  list.add(prefix, {"gated_positional_embedding.embedding"}, {patches, width});
  list.add_weights(prefix, {"gated_positional_embedding.tile_embedding"}, {ratios, vision.max_tiles * patches * width});
  list.add_weights(prefix, {"pre_tile_positional_embedding.embedding", "post_tile_positional_embedding.embedding"},
                   {ratios, vision.max_tiles * width});
  list.add(
      prefix,
      {"gated_positional_embedding.gate", "pre_tile_positional_embedding.gate", "post_tile_positional_embedding.gate"},
      {1});
  list.add_biased(prefix, {"layernorm_pre", "layernorm_post"}, {width});
  add_vision_layers(list, "transformer", vision, vision.local_layers, false);
  add_vision_layers(list, "global_transformer", vision, vision.global_layers, true);
}

}  // namespace

TensorShapes llama_backbone_shapes(const TextConfig& text) {
  ShapeList list;
  add_backbone(list, "model.", text, text.vocab_size);
  return std::move(list).take();
}

TensorShapes mllama_shapes(const ModelConfig& config) {
  VLRM_ASSERT(config.vision);
  const TextConfig& text = config.text;
  ShapeList list;
  add_backbone(list, "language_model.model.", text, text.vocab_size + kReservedRows);
  if (!text.tie_word_embeddings) list.add_weights("language_model.", {"lm_head"}, {text.vocab_size, text.hidden_size});
  add_vision(list, *config.vision);
  list.add_biased("", {"multi_modal_projector"}, {text.hidden_size, config.vision->output_size});
  return std::move(list).take();
}

}  // namespace vlrm
