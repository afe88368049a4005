// What config.json says of a model, for the two families there are: Llama (text) and Mllama (Llama-3.2-Vision).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "weights/dtype.h"

namespace vlrm {

// rope_scaling of type "llama3"; factor 1 when there is none.
struct RopeScaling {
  double factor = 1, low_freq_factor = 1, high_freq_factor = 4;
  int64_t original_max_position_embeddings = 8192;
};

struct TextConfig {
  int64_t vocab_size = 0, hidden_size = 0, intermediate_size = 0;
  int64_t layers = 0;  // of the decoder, cross-attention layers included
  int64_t attention_heads = 0, key_value_heads = 0, head_size = 0;
  int64_t positions = 0;  // max_position_embeddings: the longest text that the model was made for
  double rms_norm_eps = 1e-5, rope_theta = 10000;
  std::optional<RopeScaling> rope_scaling;
  bool tie_word_embeddings = false;
  std::vector<int64_t> cross_attention_layers;  // sorted; empty for Llama
};

struct VisionConfig {
  int64_t image_size = 0, patch_size = 14, max_tiles = 4;
  int64_t hidden_size = 0, intermediate_size = 0, attention_heads = 0;
  int64_t local_layers = 0, global_layers = 0;
  std::vector<int64_t> intermediate_layers;  // intermediate_layers_indices
  int64_t output_size = 0;                   // vision_output_dim: hidden · (1 + intermediate layers)
  double norm_eps = 1e-5;
  std::vector<std::vector<int64_t>> supported_aspect_ratios;  // (rows, columns) by id − 1
};

enum class Head { language_model, reward };

struct ModelConfig {
  TextConfig text;
  std::optional<VisionConfig> vision;             // Mllama
  Head head = Head::language_model;               // reward: *ForSequenceClassification with one label
  int32_t image_token = -1;                       // Mllama: image_token_index
  std::optional<int32_t> pad_token;               // the top-level pad_token_id only: what pooling looks for
  std::optional<Dtype> dtype;                     // torch_dtype
  std::vector<std::string> defaulted_sizes = {};  // fields that config.json leaves out: where shapes do not fit, why

  // Reads DIRECTORY/config.json; what transformers leaves out takes transformers' defaults, but for a part
  // (text_config, vision_config) as a whole. Throws Error naming the file and field that is missing, malformed or not
  // supported (another model_type, an activation, more than one label).
  static ModelConfig from_directory(const std::filesystem::path& directory);
  // The same of a config that was read before; `file` is what errors call it.
  static ModelConfig from_json(const Json& json, const std::filesystem::path& file);
};

}  // namespace vlrm
