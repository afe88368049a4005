#include "artifact/recipe_roles.h"

#include "base/error.h"

namespace vlrm {

RecipeRoles merge_roles(const Recipe& recipe) {
  RecipeRoles roles;
  for (const std::string& name : recipe.model_names()) roles.emplace(name, fmt::format("model {}", roles.size() + 1));
  if (recipe.tokenizer_source) roles.emplace(*recipe.tokenizer_source, "tokenizer");
  return roles;
}

OrderedJson recipe_settings(Recipe recipe, const RecipeRoles& roles) {
  recipe.name.reset();
  for_each_model_name(recipe, [&](std::string& name) {
    if (const auto role = roles.find(name); role != roles.end()) name = role->second;
  });
  return {{"recipe", recipe_to_json(recipe)}, {"seed", recipe.seed}};
}

}  // namespace vlrm
