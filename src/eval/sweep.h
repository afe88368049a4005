// A benchmark, scored with many merges of the same models. What does not depend on the recipe is computed once.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eval/row_chunks.h"

namespace vlrm {

struct SweepRecipe {
  std::string name;             // what errors and progress call it
  EvaluationOptions options;    // with a result folder of its own; mode image or no_image
  std::function<Model()> plan;  // the merge; all recipes' differ in their language weights only
};

// Goes through the rows in chunks whose encoded images fit in memory, and through the recipes for each chunk: the
// vision tower runs once a sample, and a recipe's weights are merged once a chunk: on a device, where the host has the
// memory, while the recipe before is scored. Resumable as a whole.
class Sweep {
 public:
  // There must be a recipe. Looks at the benchmark's rows once for all recipes, and plans each merge that is not
  // finished, so that one that does not fit is told before anything is scored. Throws what Evaluation and `plan` throw.
  Sweep(std::shared_ptr<const Benchmark> benchmark, std::vector<SweepRecipe> recipes);

  bool finished() const { return done() == total(); }
  int64_t done() const;   // rows of all recipes
  int64_t total() const;  // rows × recipes

  struct Work {
    int64_t images_encoded = 0, models_merged = 0, chunks = 0;
    int64_t merged_ahead = 0;  // of the models, while another one's scores were computed
  };
  using LoadScorer = std::function<std::unique_ptr<Scorer>(const Model& model)>;
  // Scores the rest, with `memory_limit` bytes for what is kept of a chunk; nothing: half of what is free once the
  // first model is loaded. Throws Error naming the recipe; what was scored before stays.
  Work score(const LoadScorer& load, std::optional<int64_t> memory_limit);

 private:
  class Run;
  struct Part {
    std::string name;
    std::unique_ptr<Evaluation> evaluation;
    std::optional<Model> model;  // planned; none if nothing is left to score
  };
  std::shared_ptr<const Benchmark> benchmark_;
  ParentDirectories parents_;  // of the result folders; goes after them
  std::vector<Part> parts_;
};

}  // namespace vlrm
