// A model as its files give it, with its adapter applied.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/json.h"
#include "weights/checkpoint.h"
#include "weights/model_files.h"

namespace vlrm {

// Stands between the inputs of a command and their files: gets each input's role ("vlm", "rm", "base"), directory and
// checkpoint (null where only its other files count), and gives the checkpoint to be used (see manifest.h).
using WatchInput = std::function<CheckpointPtr(const std::string& role, const std::filesystem::path& directory,
                                               CheckpointPtr checkpoint)>;
constexpr const char* kAdapterRole = "adapter ";  // of an adapter, with its model's role behind it

constexpr const char* kTied = "tie_word_embeddings";  // in configs

struct ReadModel {
  OrderedJson config;       // config.json, changed as the adapter changes the model
  CheckpointPtr weights;    // canonical names (architecture.h) where the family is known, else the files' own
  std::string prefix = {};  // that every name had, left by a trainer, and has no more: "module."
};

// Reads config and headers. A classifier that an adapter makes of a language model gets the name, the labels and no
// more: its pad token stays the model's, as where peft puts the two together. Throws Error for what is missing,
// malformed or cannot be applied.
ReadModel read_model(const ModelFiles& files, const std::string& role, const WatchInput& watch);

// What configs say. model_type, such as "llama"; empty where the config has none.
std::string model_type(const OrderedJson& config);
std::vector<std::string> architectures_of(const OrderedJson& config);
// The part of a config that speaks of the language model.
const OrderedJson& text_part(const OrderedJson& config);
OrderedJson& text_part(OrderedJson& config);
// Whether the embeddings are the head too: as the config says, else where there is no head of any kind.
bool has_tied_embeddings(const OrderedJson& config, const CheckpointPtr& weights);

}  // namespace vlrm
