#include "merge/recipe_parameters.h"

#include <algorithm>

#include "base/nearest.h"

namespace vlrm {
namespace {

bool is_known_to_any_method(const std::string& parameter) {
  return std::ranges::any_of(merge_methods(), [&](const Method* method) { return method->find(parameter) != nullptr; });
}

std::optional<double> choice(const MethodParameter& parameter, const YAML::Node& node) {
  const std::string name = node.IsNull() ? "none" : node.IsScalar() ? node.Scalar() : "";
  const auto found = std::ranges::find(parameter.choices, name);
  if (found == parameter.choices.end()) return std::nullopt;
  return static_cast<double>(found - parameter.choices.begin());
}

}  // namespace

double ParameterReader::value(const YAML::Node& node, const Subject& subject) const {
  const MethodParameter& parameter = subject.parameter;
  std::optional<double> value;
  if (parameter.kind == ParameterKind::choice) {
    value = choice(parameter, node);
  } else {
    value = fields_.number(node);
    if (parameter.kind == ParameterKind::boolean)
      if (const auto boolean = fields_.boolean(node)) value = *boolean ? 1 : 0;
  }
  if (value && is_allowed(parameter, *value)) return *value;
  fields_.fail_at(node.Mark(), "{} must be {}{}", subject.text, allowed_values(parameter),
                  node.IsScalar() ? ", not \"" + printable(node.Scalar()) + "\"" : std::string());
}

std::vector<double> ParameterReader::values(const YAML::Node& node, const Subject& subject) const {
  if (!node.IsSequence()) return {value(node, subject)};
  if (node.size() == 0) fields_.fail_at(node.Mark(), "{} is an empty list", subject.text);
  if (subject.parameter.kind == ParameterKind::choice)
    fields_.fail_at(node.Mark(), "{} cannot be a gradient: between names there is nothing", subject.text);
  std::vector<double> values;
  for (const auto& each : node) values.push_back(value(each, subject));
  return values;
}

ParameterCase ParameterReader::parameter_case(const YAML::Node& node, const Subject& subject) const {
  fields_.check_keys(node, "an entry of a list of filters", {"filter", "value"});
  ParameterCase result;
  if (node["filter"] && !node["filter"].IsNull()) result.filter = fields_.text(node["filter"]);
  if (result.filter == "*") result.filter.clear();
  result.values = values(fields_.required(node, "value"), subject);
  return result;
}

// A number, a list of numbers (a gradient over the layers), or a list of {filter, value}.
Parameter ParameterReader::parameter(const YAML::Node& node, const Subject& subject) const {
  if (node.IsMap()) return {parameter_case(node, subject)};
  if (!node.IsSequence() || node.size() == 0 || !node[0].IsMap()) return {{"", values(node, subject)}};
  Parameter cases;
  for (const auto& each : node) cases.push_back(parameter_case(each, subject));
  return cases;
}

bool ParameterReader::takes_effect(const YAML::Node& key, const std::string& name, const std::string& subject,
                                   bool of_model) const {
  const auto note = [&](const std::string& what) {
    notes_.push_back(fmt::format("{}:{}: {} {}", fields_.source(), key.Mark().line + 1, subject, what));
    return false;
  };
  const MethodParameter* parameter = method_.find(name);
  if (parameter == nullptr) {
    if (name == "int8_mask") return false;  // only saves mergekit memory
    if (is_known_to_any_method(name)) return note(fmt::format("has no meaning for {}", method_.name));
    std::vector<std::string_view> known;
    for (const MethodParameter& each : method_.parameters) known.push_back(each.name);
    if (known.empty())
      fields_.fail_at(key.Mark(), "unknown parameter \"{}\"; {} has none", printable(name), method_.name);
    fields_.fail_at(key.Mark(), "unknown parameter \"{}\"; {}", printable(name), suggestion(name, known));
  }
  if (of_model && parameter->of == MethodParameter::Of::merge)
    return note("has no effect: it is the whole merge's, not a model's");
  return true;
}

Parameters ParameterReader::read(const YAML::Node& node, const std::string* model) const {
  fields_.keys(node, "\"parameters\"");
  Parameters result;
  for (const auto& entry : node) {
    const std::string& name = entry.first.Scalar();
    const std::string subject = model == nullptr
                                    ? printable(name)
                                    : fmt::format("the {} of the model \"{}\"", printable(name), printable(*model));
    if (takes_effect(entry.first, name, subject, model != nullptr))
      result[name] = parameter(entry.second, {*method_.find(name), subject});
  }
  result.erase("int8_mask");
  return result;
}

}  // namespace vlrm
