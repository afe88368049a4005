#include <algorithm>

#include "base/error.h"
#include "merge/recipe.h"

namespace vlrm {
namespace {

OrderedJson values_to_json(const std::vector<double>& values, const MethodParameter* parameter) {
  OrderedJson list = OrderedJson::array();
  for (const double value : values) {
    if (parameter != nullptr && parameter->kind == ParameterKind::choice)
      list.push_back(parameter->choices[static_cast<size_t>(value)]);
    else
      list.push_back(value);
  }
  return list.size() == 1 ? list.front() : list;
}

OrderedJson parameters_to_json(const Parameters& parameters, const Method& method) {
  OrderedJson json = OrderedJson::object();
  for (const auto& [name, cases] : parameters) {
    const MethodParameter* parameter = method.find(name);
    if (cases.size() == 1 && cases.front().filter.empty()) {
      json[name] = values_to_json(cases.front().values, parameter);
      continue;
    }
    OrderedJson list = OrderedJson::array();
    for (const ParameterCase& each : cases) {
      OrderedJson entry = OrderedJson::object();
      if (!each.filter.empty()) entry["filter"] = each.filter;
      entry["value"] = values_to_json(each.values, parameter);
      list.push_back(std::move(entry));
    }
    json[name] = std::move(list);
  }
  return json;
}

OrderedJson models_to_json(const std::vector<RecipeModel>& models, const Method& method) {
  OrderedJson list = OrderedJson::array();
  for (const RecipeModel& model : models) {
    OrderedJson entry{{"model", model.name}};
    if (model.layers) entry["layer_range"] = {model.layers->begin, model.layers->end};
    if (!model.parameters.empty()) entry["parameters"] = parameters_to_json(model.parameters, method);
    list.push_back(std::move(entry));
  }
  return list;
}

// `models` where whole models are merged, else `slices`.
void add_slices(OrderedJson& json, const std::vector<RecipeSlice>& slices, const Method& method) {
  const auto whole = [](const RecipeModel& model) { return !model.layers; };
  if (slices.size() == 1 && std::ranges::all_of(slices[0].models, whole)) {
    json["models"] = models_to_json(slices[0].models, method);
    return;
  }
  json["slices"] = OrderedJson::array();
  for (const RecipeSlice& slice : slices) {
    OrderedJson entry{{"sources", models_to_json(slice.models, method)}};
    if (slice.base_model) entry["base_model"] = *slice.base_model;
    if (!slice.parameters.empty()) entry["parameters"] = parameters_to_json(slice.parameters, method);
    json["slices"].push_back(std::move(entry));
  }
}

OrderedJson token_to_json(const TokenSource& token) {
  OrderedJson json = OrderedJson::object();
  if (token.kind == TokenSource::Kind::zero) json["source"] = {{"kind", "zero"}};
  if (token.kind == TokenSource::Kind::model) json["source"] = token.model;
  if (token.kind == TokenSource::Kind::token_of_model) {
    json["source"] = {{"kind", "model_token"}, {"model", token.model}};
    if (token.token) json["source"]["token"] = *token.token;
    if (token.id) json["source"]["token_id"] = *token.id;
  }
  if (token.force) json["force"] = true;
  return json;
}

OrderedJson tokenizer_to_json(const Recipe& recipe) {
  OrderedJson json{{"source", recipe.tokenizer_union ? "union" : *recipe.tokenizer_source},
                   {"pad_to_multiple_of", recipe.pad_to_multiple_of}};
  for (const auto& [name, token] : recipe.tokens) json["tokens"][name] = token_to_json(token);
  return json;
}

}  // namespace

OrderedJson recipe_to_json(const Recipe& recipe) {
  OrderedJson json = OrderedJson::object();
  if (recipe.name) json["name"] = *recipe.name;
  json["merge_method"] = recipe.method->name;
  if (recipe.modules.size() == 1 && recipe.modules[0].name.empty()) {
    add_slices(json, recipe.modules[0].slices, *recipe.method);
  } else {
    for (const RecipeModule& module : recipe.modules) {
      OrderedJson& entry = json["modules"][module.name] = OrderedJson::object();
      add_slices(entry, module.slices, *recipe.method);
      if (!module.parameters.empty()) entry["parameters"] = parameters_to_json(module.parameters, *recipe.method);
    }
  }
  if (recipe.base_model) json["base_model"] = *recipe.base_model;
  if (!recipe.parameters.empty()) json["parameters"] = parameters_to_json(recipe.parameters, *recipe.method);
  if (recipe.tokenizer_union || recipe.tokenizer_source) json["tokenizer"] = tokenizer_to_json(recipe);
  if (recipe.chat_template) json["chat_template"] = *recipe.chat_template;
  if (recipe.dtype) json["dtype"] = torch_name(*recipe.dtype);
  if (recipe.out_dtype) json["out_dtype"] = torch_name(*recipe.out_dtype);
  return json;
}

}  // namespace vlrm
