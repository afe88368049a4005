#include "architecture/text_family.h"

#include <utility>

namespace vlrm {

TextConfig read_text_config(const ConfigFields& fields, const TextDefaults& defaults) {
  fields.only("hidden_act", "silu");
  TextConfig text;
  text.vocab_size = fields.size("vocab_size", defaults.vocab_size);
  text.hidden_size = fields.size("hidden_size", 4096);
  text.intermediate_size = fields.size("intermediate_size", defaults.intermediate_size);
  text.layers = fields.size("num_hidden_layers", 32, json_limits::kRepeats);
  text.attention_heads = fields.count("num_attention_heads", 32);
  const bool shared = defaults.key_value_heads > 0 && !fields.is_null("num_key_value_heads");
  text.key_value_heads = fields.count("num_key_value_heads", shared ? defaults.key_value_heads : text.attention_heads);
  text.head_size = fields.has("head_dim")   ? fields.count("head_dim", std::nullopt)
                   : defaults.head_size > 0 ? defaults.head_size
                                            : default_head_size(fields, text);
  text.positions = fields.count("max_position_embeddings", defaults.positions);
  text.rms_norm_eps = fields.positive("rms_norm_eps", defaults.rms_norm_eps);
  text.tie_word_embeddings = fields.get("tie_word_embeddings", false);
  read_rope(fields, text, defaults.rope_theta);
  check_heads(fields, text);
  return text;
}

void read_attention_bias(const ConfigFields& fields, TextConfig& text) {
  text.query_key_value_biases = text.output_bias = fields.get("attention_bias", false);
}

void refuse_sliding_layers(const ConfigFields& fields, const TextConfig& text) {
  constexpr const char* kWhy = "sliding windows are not supported, only full attention";
  for (const std::string& type : fields.get<std::vector<std::string>>("layer_types", {}))
    if (type != "full_attention") fields.fail("layer_types", fmt::format("\"{}\": {}", printable(type), kWhy));
  if (fields.has("layer_types") || !fields.get("use_sliding_window", false) || fields.is_null("sliding_window")) return;
  const auto full = fields.get<int64_t>("max_window_layers", 28);
  if (full < text.layers)
    fields.fail("use_sliding_window",
                fmt::format("true, and \"max_window_layers\" {} of {} layers: {}", full, text.layers, kWhy));
}

std::optional<std::string> canonical_text_name(const std::string& name) {
  for (const std::string_view bare : {"layers.", "embed_tokens.", "norm."})
    if (name.starts_with(bare)) return "model." + name;
  return name;
}

TensorShapes text_shapes(const ModelConfig& config) {
  ShapeList list;
  list.add_decoder("model.", config.text, config.text.vocab_size);
  return std::move(list).take();
}

}  // namespace vlrm
