// A merged model as a checkpoint that is computed where it is read.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "merge/recipe.h"
#include "weights/checkpoint.h"

namespace vlrm {

// One model that goes in. All models of a merge have tensors of the same names.
struct MergeSource {
  std::string name;  // for messages
  CheckpointPtr weights;
  std::filesystem::path tokenizer;  // directory with its tokenizer.json; read only where vocabularies are aligned
};

struct MergeSources {
  std::vector<MergeSource> models;              // recipe.models, in that order
  std::optional<MergeSource> base;              // recipe.base_model; used by all methods but linear
  std::filesystem::path output_tokenizer = {};  // recipe.tokenizer_source's directory
};

struct MergedModel {
  CheckpointPtr weights;             // float32
  std::vector<std::string> remarks;  // true of this merge and easily overlooked, one line each
};

// Plans the merge of every tensor. model.embed_tokens.weight and lm_head.weight are aligned by token where the recipe
// names a tokenizer, else cut to the rows that all models have. Throws Error where the models do not fit together (a
// tensor that one of them lacks, other shapes, types without arithmetic), the recipe has no weight for a tensor, or a
// density that keeps nothing of it.
MergedModel plan_merge(const Recipe& recipe, const MergeSources& sources);

}  // namespace vlrm
