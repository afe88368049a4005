// Any model in safetensors, as far as a merge needs to know it: by its config and its tensors' names.
#pragma once

#include <filesystem>
#include <string>

#include "base/json.h"
#include "build/inputs.h"
#include "weights/checkpoint.h"

namespace vlrm {

struct CausalModel {
  std::filesystem::path directory;      // of the model's own files
  std::filesystem::path tokenizer;      // with its tokenizer, which an adapter may bring along
  std::filesystem::path chat_template;  // with its template
  std::vector<std::string> notes;       // what the user should know, one line each
  OrderedJson config;                   // config.json
  CheckpointPtr weights;                // canonical names (architecture.h) where the family is known

  std::string type() const;  // model_type, such as "llama"; empty where the config has none
  bool sees() const;         // whether it is a vision-language model of a family that is known
  std::string kind() const;  // its class, such as "LlamaForCausalLM", else the type, else words that say so
  // Whether the embeddings are the head too: as the config says, else where there is no head of any kind.
  bool tied() const;
  // vocab_size and num_hidden_layers, of the text part where there is one; 0 where the config has none.
  int64_t vocabulary() const;
  int64_t layers() const;
};

// Opens a checkpoint by its name (see resolve_model). `watch` gets the role. Throws Error for what is missing or
// malformed, and for quantized weights.
CausalModel open_causal_model(const std::string& name, const WatchInput& watch, const std::string& role = "model");

// `config` for a model like it with so many rows of embeddings, layers (its own where there are none), and this type
// (its own where there is none). What the config lists by layer is taken from the layers `kept`.
struct ConfigChanges {
  std::optional<int64_t> vocabulary = {}, layers = {};
  std::optional<Dtype> dtype = {};
  bool untied = false;                    // it has a head of its own
  std::vector<int64_t> kept_layers = {};  // of the old model's, by layer of the new one; empty: all, in order
};
OrderedJson changed_config(OrderedJson config, const ConfigChanges& changes);

}  // namespace vlrm
