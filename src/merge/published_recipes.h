// The recipes of arXiv 2502.13487, as files.
#pragma once

#include <string>
#include <vector>

namespace vlrm {

struct RecipeFile {
  std::string name;  // "ties-weight0.7-density0.4.yml"
  std::string text;  // YAML that mergekit reads too; the models are called vlm, rm and base
};

// All 58: linear with the RM's weight 0 … 1 and the VLM's the rest to 1, task_arithmetic with the weight 0 … 1 for
// both, each by 0.1; ties, dare_linear and dare_ties with the weights 1, 0.7, 0.5 and the densities 0.8, 0.6, 0.4, 0.2.
std::vector<RecipeFile> published_recipes();

}  // namespace vlrm
