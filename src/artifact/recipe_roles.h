// The names of a recipe's models are where they lie today; what they are to the recipe stays.
#pragma once

#include <map>
#include <string>

#include "base/json.h"
#include "merge/recipe.h"

namespace vlrm {

using RecipeRoles = std::map<std::string, std::string>;  // by the models' names

// Of a recipe for vlrm merge: "model 1" and so on, in the recipe's order, and "tokenizer" for one of another model.
RecipeRoles merge_roles(const Recipe& recipe);

// What an output depends on beside its inputs, with roles in place of names and without the recipe's own name: the same
// for models that were moved.
OrderedJson recipe_settings(Recipe recipe, const RecipeRoles& roles);

}  // namespace vlrm
