// Recipes in which the reward model's weight rises with depth: seeing happens in a model's early layers, judging in its
// late ones (arXiv 2505.05464).
#pragma once

#include <vector>

#include "merge/published_recipes.h"

namespace vlrm {

// 20 of them: linear and task_arithmetic, with the reward model's weight 0 in the embeddings and the first layer,
// rising over all layers or from the middle on to 0.2, 0.4, … 1 in the last one. linear gives the VLM the rest to 1;
// task_arithmetic keeps the VLM's differences whole.
std::vector<RecipeFile> depth_recipes();

}  // namespace vlrm
