// Several recipes in one file, as mergekit-multi reads them: YAML documents with names, by which they can use each
// other's models.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "merge/recipe.h"

namespace vlrm {

// All recipes of a file, each behind those that it uses. Throws what parse_recipe_or_throw throws, and Error for two
// with one name, two without, a name that is no file name, and recipes that use each other in a circle.
std::vector<Recipe> parse_recipes_or_throw(const std::string& yaml, const std::string& source);

// Whether a recipe's model, "x" or "x+./adapter", is what one of `recipes` makes.
bool is_made_by(const std::vector<Recipe>& recipes, const std::string& model);

// `recipe` with the names of `others` replaced by the directories of their models in `directory`.
Recipe with_models_in(const std::filesystem::path& directory, Recipe recipe, const std::vector<Recipe>& others);

}  // namespace vlrm
