// What a recipe relies on that another program does otherwise.
#pragma once

#include <string>
#include <vector>

#include "merge/recipe.h"

namespace vlrm {

// One line each: where vlrm's numbers differ from those of today's mergekit for the same recipe, and how to have them
// equal.
std::vector<std::string> recipe_advice(const Recipe& recipe);

}  // namespace vlrm
