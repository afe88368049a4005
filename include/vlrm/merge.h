// New checkpoints made of others.
#pragma once

#include <vlrm/error.h>
#include <vlrm/listener.h>
#include <vlrm/method.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace vlrm {

struct ModelOutput {
  std::string directory;
  int64_t max_shard_bytes = 5'000'000'000;
  bool null_sink = false;      // compute everything and write nothing
  bool force = false;          // replace an output that exists
  bool allow_outside = false;  // copy files of inputs that are links out of their folders, too
  bool resume = false;         // continue a run with the same settings; if interrupted, keep what is written
  std::function<void(const std::string& directory)> written;  // called with each directory once it is complete
};

// Either `recipe`, or a method and its numbers.
struct BuildOptions : MethodOptions {
  std::string vlm, rm, base;     // directories or hub ids
  std::string recipe;            // a file, mergekit's YAML
  std::optional<uint64_t> seed;  // of random masks; none: 0
  std::string score_label;       // of an RM with several: its name or number
  std::string dtype = "auto";    // of the weights: auto (bfloat16), bfloat16, float16 or float32; bf16, fp16, fp32
  ModelOutput output;
  Listener* listener = nullptr;
};

// A vision-language reward model.
void build(const BuildOptions& options);

struct MergeOptions {
  std::string recipe;           // a file, mergekit's YAML; models in it are directories or hub ids
  std::string named_directory;  // of a file with several recipes: the folder for the models of named ones
  bool card = true;             // write README.md and mergekit_config.yml
  std::optional<uint64_t> seed;
  ModelOutput output;
  Listener* listener = nullptr;
};

// Any models of one kind.
void merge(const MergeOptions& options);

struct ExtractOptions {
  std::string vlm, rm;         // one of them: the text part of a VLM, or the backbone of a reward model
  std::string instruct;        // a Llama of the same shape: gives config and lm_head
  std::string dtype = "auto";  // auto (float32), or as for build
  ModelOutput output;
  Listener* listener = nullptr;
};

// A Llama out of a VLM or a reward model.
void extract(const ExtractOptions& options);

struct MapOptions {
  std::string text, vlm, rm;
  std::string score_label;  // of an RM with several: its name or number
  ModelOutput output;
  Listener* listener = nullptr;
};

// A merged Llama back onto its VLM, with the score head of a reward model.
void map(const MapOptions& options);

struct CheckedInput {
  std::string name, kind;                          // as the recipe and config.json call it
  int64_t tensors = 0, bytes = 0, vocabulary = 0;  // 0: not known
  bool is_base = false;
};

// What a merge would do.
struct CheckedRecipe {
  bool one_of_several = false;
  std::optional<std::string> name;  // by which others in the file use its model
  std::optional<std::string>
      made_by;  // an input that another recipe makes first; until then the other fields are empty
  std::string method, method_title, method_reference;
  std::vector<CheckedInput> inputs;
  int64_t tensors = 0, bytes_written = 0, bytes_read = 0, memory = 0;
  int passes = 1;                    // over the inputs
  std::optional<std::string> dtype;  // none: the inputs' types
  std::optional<int64_t> free_on_disk;
  bool output_exists = false;
  std::vector<std::string> notes;
};

struct CheckOptions {
  std::string recipe;
  std::string output;  // where the model would go; "": space is not checked
  Listener* listener = nullptr;
};

// Calls `checked` for each recipe of the file, then throws if the disk has no room for its output.
void check(const CheckOptions& options, const std::function<void(const CheckedRecipe&)>& checked);

// Of a layer, of what stands before the layers or behind them, or of all.
struct LayerDifferences {
  std::string name;                  // "embeddings", "layer 7", "the rest", "all"
  double base = 0, vlm = 0, rm = 0;  // norms: of the base, and of the differences of the two from it
  std::optional<double> cosine;      // between the differences; none if one of them is 0
};

// Whether a VLM and a reward model can be merged, and how far they have moved from their base.
struct CheckedModels {
  std::vector<LayerDifferences> layers;
  LayerDifferences all;
  std::vector<std::string> notes, warnings;  // one line each
};

struct CheckModelsOptions {
  std::string vlm, rm, base;  // directories or hub ids
  std::string score_label;    // of an RM with several: its name or number
  Listener* listener = nullptr;
};

// Reads all weights of the text parts. Throws Error where the models do not fit together, as build would.
CheckedModels check_models(const CheckModelsOptions& options);

}  // namespace vlrm
