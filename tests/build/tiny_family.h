// A VLM, a reward model and a base of the true architectures, as small as can be, written to a directory.
#pragma once

#include <string>

#include "architecture/tensor_shapes.h"
#include "architecture/text_names.h"
#include "base/json.h"
#include "merge/memory_checkpoint.h"
#include "support/support.h"
#include "weights/save.h"

namespace vlrm::testing {

constexpr int kHidden = 4, kVocabulary = 8;
// As the published models: a class that adds no tokens of its own.
constexpr const char* kTokenizerClass = "PreTrainedTokenizerFast";

inline void add_llama_layer(MemoryCheckpoint& weights, const std::string& layer, float value) {
  const auto add = [&](const std::string& name, std::vector<int64_t> shape) {
    weights.add_counting(layer + name, std::move(shape), value);
  };
  for (const char* name : {"mlp.up_proj.weight", "mlp.gate_proj.weight"}) add(name, {6, kHidden});
  add("mlp.down_proj.weight", {kHidden, 6});
  for (const char* name : {"self_attn.q_proj.weight", "self_attn.o_proj.weight"}) add(name, {kHidden, kHidden});
  for (const char* name : {"self_attn.k_proj.weight", "self_attn.v_proj.weight"}) add(name, {2, kHidden});
  for (const char* name : {"input_layernorm.weight", "post_attention_layernorm.weight"}) add(name, {kHidden});
}

inline MemoryCheckpoint llama_weights(const std::string& description, int64_t rows, float value) {
  MemoryCheckpoint weights(description);
  weights.add_counting("model.embed_tokens.weight", {rows, kHidden}, value);
  for (const char* layer : {"0", "1"}) add_llama_layer(weights, fmt::format("model.layers.{}.", layer), value);
  weights.add_counting("model.norm.weight", {kHidden}, value);
  return weights;
}

inline Json llama_config(const std::string& architecture, int64_t rows) {
  return {{"architectures", {architecture}}, {"model_type", "llama"},    {"vocab_size", rows},
          {"hidden_size", kHidden},          {"intermediate_size", 6},   {"num_hidden_layers", 2},
          {"num_attention_heads", 2},        {"num_key_value_heads", 1}, {"rms_norm_eps", 1e-5},
          {"rope_theta", 500000.0},          {"torch_dtype", "float32"}, {"tokenizer_class", kTokenizerClass}};
}

inline Json vlm_config() {
  Json text = llama_config("", kVocabulary);
  text["num_hidden_layers"] = 3;
  text["cross_attention_layers"] = {1};
  const Json vision = {{"hidden_size", 2},       {"attention_heads", 1},   {"num_hidden_layers", 1},
                       {"num_global_layers", 1}, {"vision_output_dim", 4}, {"intermediate_layers_indices", {0}},
                       {"image_size", 28},       {"intermediate_size", 4}};
  return {{"architectures", {"MllamaForConditionalGeneration"}},
          {"model_type", "mllama"},
          {"image_token_index", kVocabulary},
          {"text_config", text},
          {"vision_config", vision},
          {"torch_dtype", "float32"},
          {"tokenizer_class", kTokenizerClass}};
}

// Text layers 0 and 2, cross-attention at 1.
inline MemoryCheckpoint vlm_weights() {
  MemoryCheckpoint weights("vlm");
  const std::string text = "language_model.model.";
  weights.add_counting(text + "embed_tokens.weight", {kVocabulary + 8, kHidden}, 1);
  for (const char* layer : {"0", "2"}) add_llama_layer(weights, text + "layers." + layer + ".", 1);
  weights.add_counting(text + "layers.1.cross_attn.q_proj.weight", {kHidden, kHidden}, 7);
  weights.add_counting(text + "norm.weight", {kHidden}, 1);
  weights.add_counting("language_model.lm_head.weight", {kVocabulary, kHidden}, 5);
  weights.add_counting("vision_model.class_embedding", {2}, 9);
  TemporaryDirectory directory;
  write_text(directory / "config.json", vlm_config().dump());
  const ModelConfig config = ModelConfig::from_directory(directory.path());
  for (const auto& [name, shape] : config.architecture->shapes(config))
    if (weights.find(name) == nullptr) weights.add_counting(name, shape);
  return weights;
}

// Eight letters, and one more token where `extra` names it.
inline std::string tokenizer(const std::string& extra) {
  Json json = {{"model", {{"vocab", Json::object()}}}, {"added_tokens", Json::array()}};
  for (int id = 0; id < kVocabulary; ++id) json["model"]["vocab"][std::string(1, static_cast<char>('a' + id))] = id;
  if (!extra.empty()) json["added_tokens"].push_back({{"id", kVocabulary}, {"content", extra}});
  return json.dump();
}

inline void write_model(const std::filesystem::path& directory, const MemoryCheckpoint& weights, const Json& config,
                        const std::string& extra_token) {
  std::filesystem::create_directories(directory);
  for (const auto& entry : std::filesystem::directory_iterator(directory)) std::filesystem::remove_all(entry);
  save_checkpoint(weights, directory, {}, nullptr);
  write_text(directory / "config.json", config.dump());
  write_text(directory / "tokenizer.json", tokenizer(extra_token));
}

// DIRECTORY/{vlm,rm,base}, which fit together.
struct TinyFamily {
  explicit TinyFamily(const std::filesystem::path& directory)
      : vlm(directory / "vlm"), rm(directory / "rm"), base(directory / "base") {
    write_model(vlm, vlm_weights(), vlm_config(), "<|image|>");
    write_model(rm, rm_weights(), rm_config(), "<pad>");
    write_model(base, llama_weights("base", kVocabulary, 0), llama_config("LlamaForCausalLM", kVocabulary), "");
  }
  static MemoryCheckpoint rm_weights() {
    MemoryCheckpoint weights = llama_weights("rm", kVocabulary + 1, 3);
    weights.add("score.weight", {1, kHidden}, {1, -1, 2, -2});
    return weights;
  }
  static Json rm_config() {
    Json config = llama_config("LlamaForSequenceClassification", kVocabulary + 1);
    config["id2label"] = {{"0", "LABEL_0"}};
    return config;
  }
  const std::filesystem::path vlm, rm, base;
};

}  // namespace vlrm::testing
