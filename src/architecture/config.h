// What config.json says of a model, in the terms that all families share.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "weights/dtype.h"

namespace vlrm {

struct Architecture;
class Checkpoint;

// How rotations are stretched for texts longer than those that a model was pretrained on: rope_scaling's "rope_type".
enum class RopeType { llama3, linear, dynamic, yarn };

struct RopeScaling {
  double factor = 1;
  double low_freq_factor = 1, high_freq_factor = 4;  // of llama3
  int64_t original_max_position_embeddings = 8192;   // dynamic: max_position_embeddings; linear has none
  RopeType type = RopeType::llama3;
  double beta_fast = 32, beta_slow = 1, attention_factor = 1;  // of yarn
  bool truncate = true;                                        // of yarn

  bool operator==(const RopeScaling&) const = default;
};

struct TextConfig {
  int64_t vocab_size = 0, hidden_size = 0, intermediate_size = 0;
  int64_t layers = 0;  // of the decoder, cross-attention layers included
  int64_t attention_heads = 0, key_value_heads = 0, head_size = 0;
  int64_t positions = 0;  // max_position_embeddings: the longest text that the model was made for
  double rms_norm_eps = 1e-5, rope_theta = 10000;
  std::optional<RopeScaling> rope_scaling;
  // Of the rope's frequencies, how many turn by the time, row and column of an image's tokens, one section behind the
  // other or interleaved; empty: all turn by a token's place in the text.
  std::vector<int64_t> rope_sections = {};
  bool interleaved_sections = false;
  bool tie_word_embeddings = false;
  // Of self-attention: biases of the q, k and v projections and of the o projection, and an RMS norm of each head's
  // queries and keys.
  bool query_key_value_biases = false, output_bias = false, head_norms = false;
  std::vector<int64_t> cross_attention_layers;  // sorted; empty where images reach the text in another way
};

// The vision part of a config; each family has its own.
struct VisionConfig {
  virtual ~VisionConfig() = default;
  virtual std::string description() const = 0;  // of the images that it takes, in a few words

 protected:
  VisionConfig() = default;
  VisionConfig(const VisionConfig&) = default;
  VisionConfig& operator=(const VisionConfig&) = default;
};

enum class Head { language_model, reward };

// Which token of a text a reward model's head reads: the last one that is not the pad token, as transformers has it
// since 4.49; the one before the first pad token, as it was before; or the last one, whatever it is. All are the last
// token of a text without pad tokens.
enum class Pooling { last_not_pad, before_first_pad, last };

struct ModelConfig {
  const Architecture* architecture = nullptr;  // never null once it is read
  TextConfig text;
  std::shared_ptr<const VisionConfig> vision;  // null for a text model
  Head head = Head::language_model;            // reward: *ForSequenceClassification
  std::vector<std::string> labels = {};        // its names of the rows of a reward model's head
  int32_t image_token = -1;                    // the token that stands for an image in texts; −1: none
  // pad_token_id: what pooling looks for. The top-level one, else (for last_not_pad) that of text_config; where both
  // are there and differ, releases of transformers differ in which they read, and the other one is kept too.
  std::optional<int32_t> pad_token, other_pad_token;
  std::optional<int32_t> reward_token;            // reward_token_id: put behind each text for the head to read
  std::optional<Pooling> pooling;                 // none: the files do not say which token the head reads
  std::optional<Dtype> dtype;                     // torch_dtype
  std::vector<std::string> defaulted_sizes = {};  // fields that config.json leaves out: where shapes do not fit, why

  bool sees() const { return vision != nullptr; }

  // Reads DIRECTORY/config.json; what transformers leaves out takes transformers' defaults, but for a part
  // (text_config, vision_config) as a whole. Throws Error naming the file and field that is missing, malformed or not
  // supported (another model_type, an activation).
  static ModelConfig from_directory(const std::filesystem::path& directory);
  // The same of a config that was read before by read_config; `file` is what errors call it. Where it leaves the labels
  // of a classifier out, they are those of its head among `weights`.
  static ModelConfig from_json(const Json& json, const std::filesystem::path& file,
                               const Checkpoint* weights = nullptr);
};

// DIRECTORY/config.json; that of a family's original layout (architecture.h) in the form of transformers. Throws Error
// where it is missing, or not a JSON object, or of such a layout and malformed.
OrderedJson read_config(const std::filesystem::path& directory);

}  // namespace vlrm
