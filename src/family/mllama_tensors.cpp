#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "base/error.h"
#include "family/names.h"

namespace vlrm {
namespace {

// Names of tensors, gathered under prefixes.
class NameList {
 public:
  void add(const std::string& prefix, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) names_.push_back(prefix + std::string(name));
  }
  void add_weights(const std::string& prefix, std::initializer_list<std::string_view> modules, bool bias = false) {
    for (const std::string_view module : modules) {
      add(prefix, {std::string(module) + ".weight"});
      if (bias) add(prefix, {std::string(module) + ".bias"});
    }
  }
  std::vector<std::string> sorted() && {
    std::ranges::sort(names_);
    return std::move(names_);
  }

 private:
  std::vector<std::string> names_;
};

void add_text(NameList& list, const TextConfig& text) {
  list.add_weights("language_model.", {"model.embed_tokens", "model.norm"});
  if (!text.tie_word_embeddings) list.add_weights("language_model.", {"lm_head"});
  for (int64_t layer = 0; layer < text.layers; ++layer) {
    const std::string prefix = fmt::format("language_model.model.layers.{}.", layer);
    list.add_weights(prefix,
                     {"input_layernorm", "post_attention_layernorm", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"});
    if (std::ranges::binary_search(text.cross_attention_layers, layer)) {
      list.add_weights(prefix + "cross_attn.", {"q_proj", "k_proj", "v_proj", "o_proj", "q_norm", "k_norm"});
      list.add(prefix, {"cross_attn_attn_gate", "cross_attn_mlp_gate"});
    } else {
      list.add_weights(prefix + "self_attn.", {"q_proj", "k_proj", "v_proj", "o_proj"});
    }
  }
}

void add_vision_layers(NameList& list, const std::string& transformer, int64_t layers, bool gated) {
  for (int64_t layer = 0; layer < layers; ++layer) {
    const std::string prefix = fmt::format("vision_model.{}.layers.{}.", transformer, layer);
    list.add_weights(prefix + "self_attn.", {"q_proj", "k_proj", "v_proj", "o_proj"});
    list.add_weights(prefix, {"input_layernorm", "post_attention_layernorm", "mlp.fc1", "mlp.fc2"}, true);
    if (gated) list.add(prefix, {"gate_attn", "gate_ffn"});
  }
}

void add_vision(NameList& list, const VisionConfig& vision) {
  list.add("vision_model.",
           {"class_embedding", "gated_positional_embedding.embedding", "gated_positional_embedding.gate",
            "pre_tile_positional_embedding.gate", "post_tile_positional_embedding.gate"});
  list.add_weights("vision_model.",
                   {"patch_embedding", "gated_positional_embedding.tile_embedding",
                    "pre_tile_positional_embedding.embedding", "post_tile_positional_embedding.embedding"});
  list.add_weights("vision_model.", {"layernorm_pre", "layernorm_post"}, true);
  add_vision_layers(list, "transformer", vision.local_layers, false);
  add_vision_layers(list, "global_transformer", vision.global_layers, true);
  list.add_weights("", {"multi_modal_projector"}, true);
}

}  // namespace

std::vector<std::string> mllama_tensor_names(const ModelConfig& config) {
  VLRM_ASSERT(config.vision);
  NameList list;
  add_text(list, config.text);
  add_vision(list, *config.vision);
  return std::move(list).sorted();
}

}  // namespace vlrm
