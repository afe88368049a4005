#include "architecture/qwen2/qwen2.h"

#include "architecture/text_family.h"

namespace vlrm {
namespace {

void read_qwen2(const ConfigFields& fields, ModelConfig& config) {
  config.text = read_text_config(
      fields, {.vocab_size = 151936, .intermediate_size = 22016, .positions = 32768, .key_value_heads = 32});
  config.text.query_key_value_biases = true;
  refuse_sliding_layers(fields, config.text);
}

}  // namespace

const Architecture kQwen2 =
    text_family("qwen2", "Qwen2", "Qwen2ForCausalLM", "Qwen2ForSequenceClassification", read_qwen2);

}  // namespace vlrm
