#include "merge/recipe_notes.h"

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "merge/methods/task_vectors.h"

namespace vlrm {
namespace {

// All `parameters` that a recipe has, wherever they stand.
void for_each_parameters(const Recipe& recipe, const std::function<void(const Parameters&)>& visit) {
  visit(recipe.parameters);
  for (const RecipeModule& module : recipe.modules) {
    visit(module.parameters);
    for (const RecipeSlice& slice : module.slices) {
      visit(slice.parameters);
      for (const RecipeModel& model : slice.models) visit(model.parameters);
    }
  }
}

bool any_parameters(const Recipe& recipe, const std::function<bool(const Parameters&)>& is_so) {
  bool found = false;
  for_each_parameters(recipe, [&](const Parameters& parameters) { found = found || is_so(parameters); });
  return found;
}

bool has_gradient(const Parameters& parameters) {
  return std::ranges::any_of(parameters, [](const auto& entry) {
    return std::ranges::any_of(entry.second, [](const ParameterCase& each) { return each.values.size() > 1; });
  });
}

std::optional<double> first_value(const Parameters& parameters, const std::string& name) {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::nullopt : std::optional(found->second.front().values.front());
}

bool matches_l1_norms(const Parameters& parameters, const MethodParameter& norm) {
  constexpr auto kL1 = static_cast<double>(RescaleNorm::l1);
  if (const auto named = first_value(parameters, "rescale_norm")) return *named == kL1;
  return norm.default_value == kL1 && first_value(parameters, "rescale").value_or(0) != 0;
}

bool turns_rescale_off(const Parameters& parameters) {
  return first_value(parameters, "rescale") == 0;
}

}  // namespace

std::vector<std::string> recipe_notes(const Recipe& recipe) {
  std::vector<std::string> advice;
  const bool names_norm =
      any_parameters(recipe, [](const Parameters& parameters) { return parameters.contains("rescale_norm"); });
  if (recipe.method->is_random && !names_norm && !any_parameters(recipe, turns_rescale_off))
    advice.push_back(
        fmt::format("{} divides what it keeps by the probability of keeping it, as its paper does; today's mergekit "
                    "matches the L1 norm instead: rescale_norm: l1 does the same here",
                    recipe.method->name));
  if (recipe.dtype && *recipe.dtype != Dtype::f32)
    advice.push_back(fmt::format(
        "arithmetic is in float32; today's mergekit computes in {0}, the recipe's dtype: with dtype: float32 and "
        "out_dtype: {0} it does as vlrm",
        torch_name(*recipe.dtype)));
  if (any_parameters(recipe, has_gradient))
    advice.push_back(
        "a gradient's last value counts for the tensors after the layers (the final norm, a head); today's mergekit "
        "gives them its first (a filter of their own, as lm_head, sets what they get)");
  return advice;
}

int passes_over_inputs(const Recipe& recipe) {
  const MethodParameter* const norm = recipe.method->find("rescale_norm");
  const bool matches = norm != nullptr && any_parameters(recipe, [&](const Parameters& parameters) {
                         return matches_l1_norms(parameters, *norm);
                       });
  return recipe.method->passes + (matches ? 1 : 0);
}

}  // namespace vlrm
