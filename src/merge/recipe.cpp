#include "merge/recipe.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace vlrm {
namespace {

bool is_truth(double value) {
  return value == 0 || value == 1;
}

constexpr std::array kRules{
    ParameterRule{"weight", false, [](double value) { return std::abs(value) <= std::numeric_limits<float>::max(); },
                  "a finite number"},
    ParameterRule{"density", false, [](double value) { return value > 0 && value <= 1; },
                  "a number above 0 and at most 1, the share of each difference that is kept"},
    ParameterRule{"normalize", true, is_truth, "true or false"},
    ParameterRule{"rescale", true, is_truth, "true or false"},
    ParameterRule{"int8_mask", true, is_truth, "true or false"},
};

// Linear interpolation at `depth` of the way through `values`.
double interpolate(const std::vector<double>& values, double depth) {
  const double position = depth * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(position);
  const size_t above = std::min(values.size() - 1, below + 1);
  const double fraction = position - static_cast<double>(below);
  return (1 - fraction) * values[below] + fraction * values[above];
}

std::optional<double> find(const std::map<std::string, Parameter>& parameters, const std::string& name,
                           std::string_view tensor, double depth) {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::nullopt : evaluate(found->second, tensor, depth);
}

OrderedJson values_to_json(const std::vector<double>& values) {
  return values.size() == 1 ? OrderedJson(values.front()) : OrderedJson(values);
}

OrderedJson parameters_to_json(const std::map<std::string, Parameter>& parameters) {
  OrderedJson json = OrderedJson::object();
  for (const auto& [name, cases] : parameters) {
    if (cases.size() == 1 && cases.front().filter.empty()) {
      json[name] = values_to_json(cases.front().values);
      continue;
    }
    OrderedJson list = OrderedJson::array();
    for (const ParameterCase& each : cases) {
      OrderedJson entry = OrderedJson::object();
      if (!each.filter.empty()) entry["filter"] = each.filter;
      entry["value"] = values_to_json(each.values);
      list.push_back(std::move(entry));
    }
    json[name] = std::move(list);
  }
  return json;
}

}  // namespace

const ParameterRule& rule_of(std::string_view parameter) {
  const auto* rule = std::ranges::find(kRules, parameter, &ParameterRule::name);
  VLRM_ASSERT(rule != kRules.end());
  return *rule;
}

std::optional<double> evaluate(const Parameter& parameter, std::string_view tensor, double depth) {
  for (const ParameterCase& each : parameter)
    if (tensor.find(each.filter) != std::string_view::npos) return interpolate(each.values, depth);
  return std::nullopt;
}

std::optional<double> Recipe::parameter(size_t model, const std::string& name, std::string_view tensor,
                                        double depth) const {
  if (const auto own = find(models[model].parameters, name, tensor, depth)) return own;
  return find(parameters, name, tensor, depth);
}

bool Recipe::normalize(std::string_view tensor, double depth) const {
  const bool usual = method == MergeMethod::linear || method == MergeMethod::ties;
  return find(parameters, "normalize", tensor, depth).value_or(usual ? 1 : 0) != 0;
}

bool Recipe::rescale(std::string_view tensor, double depth) const {
  const bool usual = method == MergeMethod::dare_linear || method == MergeMethod::dare_ties;
  return find(parameters, "rescale", tensor, depth).value_or(usual ? 1 : 0) != 0;
}

OrderedJson recipe_to_json(const Recipe& recipe) {
  OrderedJson json = OrderedJson::object();
  json["merge_method"] = merge_method_name(recipe.method);
  json["models"] = OrderedJson::array();
  for (const RecipeModel& model : recipe.models) {
    OrderedJson entry{{"model", model.name}};
    if (!model.parameters.empty()) entry["parameters"] = parameters_to_json(model.parameters);
    json["models"].push_back(std::move(entry));
  }
  if (recipe.base_model) json["base_model"] = *recipe.base_model;
  if (!recipe.parameters.empty()) json["parameters"] = parameters_to_json(recipe.parameters);
  if (recipe.tokenizer_source)
    json["tokenizer"] = {{"source", *recipe.tokenizer_source}, {"pad_to_multiple_of", recipe.pad_to_multiple_of}};
  if (recipe.dtype) json["dtype"] = torch_name(*recipe.dtype);
  if (recipe.out_dtype) json["out_dtype"] = torch_name(*recipe.out_dtype);
  return json;
}

}  // namespace vlrm
