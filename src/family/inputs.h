// Inputs opened, and whether they can be merged and mapped onto each other, judged by configs and tensor names.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "family/config.h"
#include "weights/checkpoint.h"

namespace vlrm {

// An input once its config and headers are read.
struct OpenModel {
  std::filesystem::path directory;
  ModelConfig config;
  CheckpointPtr weights;  // canonical names
};

// Stands between the inputs of a command and their files: gets each input's role ("vlm", "rm", "base"), directory and
// checkpoint, and gives the checkpoint to be used (see manifest.h).
using WatchInput = std::function<CheckpointPtr(const std::string& role, const std::filesystem::path& directory,
                                               CheckpointPtr checkpoint)>;

// Reads config and headers. Throws Error for what is missing or malformed.
OpenModel open_model(const std::string& role, const std::filesystem::path& directory, const WatchInput& watch);

// Throws Error unless `model` is an Mllama with all the tensors of its config and the rows of embeddings that it
// promises. Tensors that the architecture has not are added to `remarks`.
void require_vlm(const OpenModel& model, std::vector<std::string>& remarks);
// Throws Error unless `model` is a Llama with a one-value score head and no tensor that is not known.
void require_reward_model(const OpenModel& model);
// Throws Error unless `model` is a Llama.
void require_llama(const OpenModel& model);
// Throws Error unless the Llama `text` has the shape of the text part of `vlm`. What differs without hindering the
// merge (rope, epsilon) is added to `remarks`.
void require_same_text_shape(const OpenModel& text, const OpenModel& vlm, std::vector<std::string>& remarks);

}  // namespace vlrm
