#include "architecture/llama/llama.h"

#include "architecture/config_fields.h"

namespace vlrm {
namespace {

TextConfig read_llama(const ConfigFields& fields) {
  fields.only("hidden_act", "silu");
  fields.only("attention_bias", false);
  fields.only("mlp_bias", false);
  TextConfig text;
  text.vocab_size = fields.size("vocab_size", 32000);
  text.hidden_size = fields.size("hidden_size", 4096);
  text.intermediate_size = fields.size("intermediate_size", 11008);
  text.layers = fields.size("num_hidden_layers", 32, json_limits::kRepeats);
  text.attention_heads = fields.count("num_attention_heads", 32);
  text.key_value_heads = fields.count("num_key_value_heads", text.attention_heads);
  text.head_size = fields.has("head_dim") ? fields.count("head_dim", std::nullopt) : default_head_size(fields, text);
  text.positions = fields.count("max_position_embeddings", 2048);
  text.rms_norm_eps = fields.positive("rms_norm_eps", 1e-6);
  text.tie_word_embeddings = fields.get("tie_word_embeddings", false);
  read_rope(fields, text, 10000);
  check_heads(fields, text);
  return text;
}

void read_llama_config(const ConfigFields& fields, ModelConfig& config) {
  config.text = read_llama(fields);
}

// A model that was saved without its "model." prefix.
std::optional<std::string> canonical_llama_name(const std::string& name) {
  for (const std::string_view bare : {"layers.", "embed_tokens.", "norm."})
    if (name.starts_with(bare)) return "model." + name;
  return name;
}

TensorShapes llama_shapes(const ModelConfig& config) {
  ShapeList list;
  list.add_decoder("model.", config.text, config.text.vocab_size);
  return std::move(list).take();
}

}  // namespace

const Architecture kLlama = {
    .type = "llama",
    .name = "Llama",
    .language_class = "LlamaForCausalLM",
    .reward_class = "LlamaForSequenceClassification",
    .text_prefix = "model.",
    .head = "lm_head.weight",
    .read = read_llama_config,
    .canonical_name = canonical_llama_name,
    .shapes = llama_shapes,
};

}  // namespace vlrm
