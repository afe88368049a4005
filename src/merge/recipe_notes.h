// What can be told of a recipe before its models are read.
#pragma once

#include <string>
#include <vector>

#include "merge/recipe.h"

namespace vlrm {

// One line each: where vlrm's numbers differ from those of today's mergekit for the same recipe, and how to have them
// equal.
std::vector<std::string> recipe_notes(const Recipe& recipe);

// How often a merge goes through its inputs, at least: once more than its method where L1 norms are to be matched.
int passes_over_inputs(const Recipe& recipe);

}  // namespace vlrm
