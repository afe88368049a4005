#include "merge/recipe.h"

#include <algorithm>

#include "base/error.h"

namespace vlrm {
namespace {

// Linear interpolation at `depth` of the way through `values`.
double interpolate(const std::vector<double>& values, double depth) {
  const double position = depth * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(position);
  const size_t above = std::min(values.size() - 1, below + 1);
  const double fraction = position - static_cast<double>(below);
  return (1 - fraction) * values[below] + fraction * values[above];
}

std::optional<double> find(const Parameters& parameters, const std::string& name, std::string_view tensor,
                           double depth) {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::nullopt : evaluate(found->second, tensor, depth);
}

}  // namespace

std::optional<double> evaluate(const Parameter& parameter, std::string_view tensor, double depth) {
  for (const ParameterCase& each : parameter)
    if (tensor.find(each.filter) != std::string_view::npos) return interpolate(each.values, depth);
  return std::nullopt;
}

std::optional<double> Recipe::parameter(const Place& place, const RecipeModel* model, const std::string& parameter_name,
                                        std::string_view tensor, double depth) const {
  std::optional<double> value;
  if (model != nullptr) value = find(model->parameters, parameter_name, tensor, depth);
  for (const Parameters* of : {&place.slice.parameters, &place.module.parameters, &parameters})
    if (!value) value = find(*of, parameter_name, tensor, depth);
  return value;
}

bool Recipe::merges_whole_models() const {
  if (modules.size() != 1 || !modules[0].name.empty() || modules[0].slices.size() != 1) return false;
  return std::ranges::none_of(modules[0].slices[0].models,
                              [](const RecipeModel& model) { return model.layers.has_value(); });
}

const std::vector<RecipeModel>& Recipe::models() const {
  VLRM_ASSERT(merges_whole_models());
  return modules[0].slices[0].models;
}

std::vector<RecipeModel>& Recipe::models() {
  VLRM_ASSERT(merges_whole_models());
  return modules[0].slices[0].models;
}

std::vector<std::string> Recipe::model_names() const {
  std::vector<std::string> names;
  const auto add = [&](const std::string& model) {
    if (std::ranges::find(names, model) == names.end()) names.push_back(model);
  };
  for (const RecipeModule& module : modules)
    for (const RecipeSlice& slice : module.slices) {
      for (const RecipeModel& model : slice.models) add(model.name);
      if (slice.base_model) add(*slice.base_model);
    }
  if (base_model) add(*base_model);
  return names;
}

void for_each_model_name(Recipe& recipe, const std::function<void(std::string&)>& change) {
  for (RecipeModule& module : recipe.modules)
    for (RecipeSlice& slice : module.slices) {
      for (RecipeModel& model : slice.models) change(model.name);
      if (slice.base_model) change(*slice.base_model);
    }
  if (recipe.base_model) change(*recipe.base_model);
  if (recipe.tokenizer_source) change(*recipe.tokenizer_source);
  for (auto& [token, source] : recipe.tokens) change(source.model);
}

}  // namespace vlrm
