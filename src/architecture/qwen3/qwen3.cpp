#include "architecture/qwen3/qwen3.h"

#include "architecture/text_family.h"

namespace vlrm {
namespace {

void read_qwen3(const ConfigFields& fields, ModelConfig& config) {
  config.text = read_text_config(
      fields,
      {.vocab_size = 151936, .intermediate_size = 22016, .positions = 32768, .key_value_heads = 32, .head_size = 128});
  config.text.head_norms = true;
  read_attention_bias(fields, config.text);
  refuse_sliding_layers(fields, config.text);
}

}  // namespace

const Architecture kQwen3 =
    text_family("qwen3", "Qwen3", "Qwen3ForCausalLM", "Qwen3ForSequenceClassification", read_qwen3);

}  // namespace vlrm
