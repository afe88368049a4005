#include "architecture/llama/llama.h"

#include "architecture/text_family.h"

namespace vlrm {
namespace {

void read_llama(const ConfigFields& fields, ModelConfig& config) {
  fields.only("mlp_bias", false);
  config.text = read_text_config(fields, {.vocab_size = 32000, .intermediate_size = 11008, .positions = 2048});
  read_attention_bias(fields, config.text);
}

constexpr Architecture llama() {
  Architecture family = text_family("llama", "Llama", "LlamaForCausalLM", "LlamaForSequenceClassification", read_llama);
  family.pooling = Pooling::before_first_pad;
  return family;
}

}  // namespace

const Architecture kLlama = llama();

}  // namespace vlrm
