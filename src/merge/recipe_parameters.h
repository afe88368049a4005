// The `parameters` of a recipe's YAML.
#pragma once

#include <string>
#include <vector>

#include "merge/recipe.h"
#include "merge/yaml_fields.h"

namespace vlrm {

class ParameterReader {
 public:
  // What has no effect is added to `notes`, one line each. All must outlive this.
  ParameterReader(const YamlFields& fields, const Method& method, std::vector<std::string>& notes)
      : fields_(fields), method_(method), notes_(notes) {}

  // Parameters that stand beside a model called `model`, or elsewhere (nullptr). Throws Error for one that no method
  // has, naming the nearest of this method's, and for values out of their range.
  Parameters read(const YAML::Node& node, const std::string* model) const;

 private:
  // What is being read: "density" and, for messages, "the density of the model \"./rm\"".
  struct Subject {
    const MethodParameter& parameter;
    std::string text;
  };
  bool takes_effect(const YAML::Node& key, const std::string& name, const std::string& subject, bool of_model) const;
  double value(const YAML::Node& node, const Subject& subject) const;
  std::vector<double> values(const YAML::Node& node, const Subject& subject) const;
  ParameterCase parameter_case(const YAML::Node& node, const Subject& subject) const;
  Parameter parameter(const YAML::Node& node, const Subject& subject) const;

  const YamlFields& fields_;
  const Method& method_;
  std::vector<std::string>& notes_;
};

}  // namespace vlrm
