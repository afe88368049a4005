#include "architecture/unused_tensors.h"

#include "architecture/llama/llama.h"
#include "merge/memory_checkpoint.h"
#include "support/support.h"

namespace vlrm::testing {
namespace {

// Whether a Llama of one layer has no place for this tensor.
bool is_unused(const std::string& name) {
  ModelConfig config;
  config.architecture = &kLlama;
  config.text.vocab_size = config.text.hidden_size = config.text.intermediate_size = config.text.head_size = 2;
  config.text.layers = config.text.attention_heads = config.text.key_value_heads = 1;
  MemoryCheckpoint weights("llama");
  for (const auto& [known, shape] : config.architecture->shapes(config)) weights.add_counting(known, shape);
  weights.add_counting(name, {1});
  return unused_tensors(config, weights) == std::vector<std::string>{name};
}

TEST(UnusedTensors, HeadsThatAreNotAskedChangeNothing) {
  for (const char* name : {"lm_head.weight", "score.weight", "model.layers.0.self_attn.rotary_emb.inv_freq"})
    EXPECT_FALSE(is_unused(name)) << name;
}

TEST(UnusedTensors, BiasesAndOtherHeadsAreNamed) {
  for (const char* name : {"lm_head.bias", "score.4.weight", "embed_out.weight", "model.layers.1.mlp.up_proj.weight"})
    EXPECT_TRUE(is_unused(name)) << name;
}

}  // namespace
}  // namespace vlrm::testing
