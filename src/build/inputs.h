// Inputs opened, and whether they can be merged and mapped onto each other, judged by configs and tensor names.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "architecture/config.h"
#include "architecture/read_model.h"
#include "weights/checkpoint.h"

namespace vlrm {

// An input once its config and headers are read.
struct OpenModel {
  std::filesystem::path directory;  // of the model's own files
  std::filesystem::path tokenizer;  // with its tokenizer, which an adapter may bring along
  ModelConfig config;
  CheckpointPtr weights;  // canonical names (architecture.h)
};

// Reads config and headers. Throws Error for what is missing or malformed.
// `remarks` get what the user should know.
OpenModel open_model(const std::string& role, const ModelFiles& files, const WatchInput& watch,
                     std::vector<std::string>& remarks);

// By its config: throws Error unless `model` is a vision-language model without a reward head.
void require_vlm(const OpenModel& model);
// By its config: throws Error unless `model` is a text model with a reward head.
void require_reward_model(const OpenModel& model);
// By its config: throws Error unless `model` is a text model without a reward head.
void require_language_model(const OpenModel& model);

// Throws Error where a tensor of the model is missing, is no float or has another shape than the config gives it, and
// for what a reward model has beyond a backbone and its score: it would be lost.
void require_tensors(const OpenModel& model);

// Throws Error unless the text parts of both have the same shape. What differs without hindering (rope, epsilon) is
// added to `remarks`; the output has it as `kept` does.
void require_same_text_shape(const OpenModel& model, const OpenModel& kept, std::vector<std::string>& remarks);
// Throws Error, naming the first token that differs, unless both tokenizers give the same tokens the same ids.
void require_same_tokens(const OpenModel& text, const OpenModel& vlm);

}  // namespace vlrm
