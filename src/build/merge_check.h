// What a merge would do, without doing it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "build/steps.h"
#include "merge/recipe.h"

namespace vlrm {

struct CheckedModel {
  std::string name, kind;  // as the recipe and config.json call it
  std::filesystem::path directory;
  int64_t tensors = 0, bytes = 0, vocabulary = 0;  // 0: not known
};

struct MergeCheck {
  std::vector<CheckedModel> models;
  PlannedOutput planned;
  int passes = 1;             // over the inputs
  int64_t bytes_read = 0;     // about, in all passes
  int64_t bytes_written = 0;  // of the weights
  int64_t memory = 0;         // about, bytes
};

// Opens everything, plans every tensor, reads no weights. Throws what plan_merge_models throws.
MergeCheck check_merge(const Recipe& recipe);

// About: while a merge of so many models goes `passes` times through them.
int64_t merge_memory(int64_t models, int passes);

// The bytes of weights that writing `planned` takes.
int64_t bytes_to_write(const PlannedOutput& planned);

}  // namespace vlrm
