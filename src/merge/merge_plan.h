// A merged model as a checkpoint that is computed where it is read.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "merge/alignment.h"
#include "merge/recipe.h"
#include "merge/token_rows.h"
#include "weights/checkpoint.h"

namespace vlrm {

// One model that goes in.
struct MergeSource {
  std::string name;  // for messages
  CheckpointPtr weights;
  std::filesystem::path tokenizer = {};  // directory with its tokenizer.json; read only where vocabularies are aligned
  int64_t vocabulary = 0;                // rows of its embeddings, as its config says; 0: not known
  bool tied = true;                      // its embeddings stand in for a head that it lacks
};

// Vocabularies, and how the rows of models fit one: the recipes of a sweep share both.
struct VocabularyCache {
  // An alignment without choices of single tokens: the output's directory, each model's directory and rows, the base's
  // position, pad_to_multiple_of.
  using Aligned = std::tuple<std::filesystem::path, std::vector<std::pair<std::filesystem::path, int64_t>>,
                             std::optional<size_t>, int64_t>;
  TokenRowsCache tokens;
  std::map<Aligned, std::shared_ptr<const RowAlignment>> alignments;
};

struct MergeSources {
  std::map<std::string, MergeSource> models;            // by their names in the recipe, the base among them
  std::filesystem::path output_tokenizer = {};          // directory: of recipe.tokenizer_source
  std::shared_ptr<const TokenRows> output_tokens = {};  // in its place, where the output's tokenizer is no model's own
  // What has been read of vocabularies, for all merges of the same sources.
  std::shared_ptr<VocabularyCache> vocabularies = std::make_shared<VocabularyCache>();
};

struct MergePlan {
  CheckpointPtr weights;                // float32, but for what is carried over from one model as it is
  std::vector<std::string> notes;       // true of this merge and easily overlooked, one line each
  std::optional<int64_t> layers;        // of the module with slices, where there is one
  std::map<std::string, Dtype> stored;  // for each merged tensor the type it has in the base, or else the first model
};

// Plans every tensor of the output. Tensors are told apart by their names alone: layers by the number in them (see
// tensor_place.h), embeddings and heads by their names and by having as many rows as the vocabulary. These are aligned
// by token where the recipe names a tokenizer, else cut to the rows that all models have; a head that a tied model
// lacks is its embeddings. A tensor that not all models of a slice have, or that is no float, is carried over: from
// the base if that has it, else from the first model that has it; the notes say so.
//
// Throws Error where the models do not fit together (other shapes, no such layers), the recipe lacks a parameter for a
// tensor, or has one that will not do for it.
MergePlan plan_merge(const Recipe& recipe, const MergeSources& sources);

}  // namespace vlrm
