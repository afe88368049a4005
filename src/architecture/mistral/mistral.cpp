#include "architecture/mistral/mistral.h"

#include "architecture/text_family.h"

namespace vlrm {
namespace {

void read_mistral(const ConfigFields& fields, ModelConfig& config) {
  config.text = read_text_config(
      fields, {.vocab_size = 32000, .intermediate_size = 14336, .positions = 131072, .key_value_heads = 8});
  if (fields.is_null("sliding_window")) return;
  const int64_t window = fields.count("sliding_window", 4096);
  if (window < config.text.positions)
    fields.fail("sliding_window", fmt::format("{} is below the {} of \"max_position_embeddings\": sliding windows are "
                                              "not supported, only full attention",
                                              window, config.text.positions));
}

}  // namespace

const Architecture kMistral =
    text_family("mistral", "Mistral", "MistralForCausalLM", "MistralForSequenceClassification", read_mistral);

}  // namespace vlrm
