// What families of text models share: Llama's decoder, with what each of them adds to its attention.
#pragma once

#include "architecture/architecture.h"
#include "architecture/config_fields.h"

namespace vlrm {

// What transformers takes for fields that a config leaves out, where families differ.
struct TextDefaults {
  int64_t vocab_size = 0, intermediate_size = 0, positions = 0;
  int64_t key_value_heads = 0;  // 0: as many as attention heads
  int64_t head_size = 0;        // 0: hidden_size / num_attention_heads
  double rms_norm_eps = 1e-6, rope_theta = 10000;
};

// The fields that all of them have. Throws Error for what is not supported.
TextConfig read_text_config(const ConfigFields& fields, const TextDefaults& defaults);
// attention_bias, where a family has it: all four projections have biases.
void read_attention_bias(const ConfigFields& fields, TextConfig& text);
// Qwen's fields of windows, beyond which some layers see nothing: throws Error where such layers exist.
void refuse_sliding_layers(const ConfigFields& fields, const TextConfig& text);

// For the families' tables. A model that was saved without its "model." prefix gets it.
std::optional<std::string> canonical_text_name(const std::string& name);
TensorShapes text_shapes(const ModelConfig& config);

// What text families say alike. `language_class` and `reward_class` are those of transformers.
constexpr Architecture text_family(std::string_view type, std::string_view name, std::string_view language_class,
                                   std::string_view reward_class,
                                   void (*read)(const ConfigFields& fields, ModelConfig& config)) {
  return {.type = type,
          .name = name,
          .language_class = language_class,
          .reward_class = reward_class,
          .text_prefix = "model.",
          .head = "lm_head.weight",
          .read = read,
          .canonical_name = canonical_text_name,
          .shapes = text_shapes};
}

}  // namespace vlrm
