// A recipe's numbers, looked up.
#pragma once

#include "merge/recipe.h"

namespace vlrm::testing {

// Of model `model`, or, below 0, of the merge; the method's usual number where the recipe has none.
inline std::optional<double> number(const Recipe& recipe, int model, const std::string& name, std::string_view tensor,
                                    double depth) {
  const RecipeModule& module = recipe.modules.at(0);
  const RecipeSlice& slice = module.slices.at(0);
  const RecipeModel* of = model < 0 ? nullptr : &slice.models.at(static_cast<size_t>(model));
  const auto value = recipe.parameter({module, slice}, of, name, tensor, depth);
  const MethodParameter* parameter = recipe.method->find(name);
  return value || parameter == nullptr ? value : parameter->default_value;
}

}  // namespace vlrm::testing
