#include <yaml-cpp/yaml.h>

#include <cmath>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "merge/nearest.h"
#include "merge/recipe.h"

namespace vlrm {
namespace {

constexpr int64_t kLargestRecipe = 1 << 20;  // bytes
constexpr int64_t kLargestMultiple = 1 << 20;

// Reads one recipe; every complaint names the source and the line of the node it is about.
class RecipeReader {
 public:
  explicit RecipeReader(std::string source) : source_(std::move(source)) {}

  Recipe read(const YAML::Node& root) const {
    Recipe recipe;
    recipe.source = source_;
    check_keys(
        root, "a recipe",
        {"models", "parameters", "base_model", "merge_method", "tokenizer", "tokenizer_source", "dtype", "out_dtype"},
        {"slices", "chat_template", "modules"});
    recipe.method = method(required(root, "merge_method"));
    if (root["base_model"]) recipe.base_model = text(root["base_model"]);
    if (root["parameters"])
      recipe.parameters = parameters(root["parameters"], {"weight", "density", "normalize", "rescale", "int8_mask"});
    read_models(required(root, "models"), recipe);
    read_tokenizer(root, recipe);
    if (root["dtype"]) recipe.dtype = dtype(root["dtype"]);
    if (root["out_dtype"]) recipe.out_dtype = dtype(root["out_dtype"]);
    check_base(root, recipe);
    return recipe;
  }

  template <class... Args>
  [[noreturn]] void fail_at(const YAML::Mark& mark, fmt::format_string<Args...> format, Args&&... args) const {
    fail("{}:{}: {}", source_, mark.line + 1, fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  using Names = std::initializer_list<std::string_view>;

  void check_keys(const YAML::Node& node, const char* what, Names known, Names not_implemented = {}) const {
    if (!node.IsMap()) fail_at(node.Mark(), "{} must be a mapping of keys to values", what);
    std::set<std::string> seen;
    for (const auto& entry : node) {
      const std::string key = text(entry.first);
      const YAML::Mark mark = entry.first.Mark();
      if (!seen.insert(key).second) fail_at(mark, "\"{}\" stands here a second time", printable(key));
      if (contains(not_implemented, key)) fail_at(mark, "\"{}\" is not supported", key);
      if (!contains(known, key))
        fail_at(mark, "unknown key \"{}\"; did you mean \"{}\"?", printable(key), nearest_first(key, known).front());
    }
  }
  static bool contains(Names names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  YAML::Node required(const YAML::Node& node, const char* key) const {
    const YAML::Node value = node[key];
    if (!value) fail_at(node.Mark(), "\"{}\" is missing", key);
    return value;
  }

  std::string text(const YAML::Node& node) const {
    if (!node.IsScalar() || node.Scalar().empty()) fail_at(node.Mark(), "a name is needed here");
    return node.Scalar();
  }

  double number(const YAML::Node& node) const {
    bool truth = false;
    double value = 0;
    if (node.IsScalar() && YAML::convert<double>::decode(node, value) && std::isfinite(value)) return value;
    if (node.IsScalar() && YAML::convert<bool>::decode(node, truth)) return truth ? 1 : 0;
    fail_at(node.Mark(), "a number is needed here{}",
            node.IsScalar() ? ", not \"" + printable(node.Scalar()) + "\"" : std::string());
  }

  std::vector<double> numbers(const YAML::Node& node) const {
    if (!node.IsSequence()) return {number(node)};
    if (node.size() == 0) fail_at(node.Mark(), "an empty list has no value");
    std::vector<double> values;
    for (const auto& each : node) values.push_back(number(each));
    return values;
  }

  // A number, a list of numbers (a gradient over the layers), or a list of {filter, value}.
  Parameter parameter(const YAML::Node& node) const {
    if (node.IsMap()) return {parameter_case(node)};
    if (!node.IsSequence() || node.size() == 0 || !node[0].IsMap()) return {{"", numbers(node)}};
    Parameter cases;
    for (const auto& each : node) cases.push_back(parameter_case(each));
    return cases;
  }
  ParameterCase parameter_case(const YAML::Node& node) const {
    check_keys(node, "an entry of a list of filters", {"filter", "value"});
    ParameterCase result;
    if (node["filter"] && text(node["filter"]) != "*") result.filter = text(node["filter"]);
    result.values = numbers(required(node, "value"));
    return result;
  }

  std::map<std::string, Parameter> parameters(const YAML::Node& node, Names known) const {
    check_keys(node, "parameters", known);
    std::map<std::string, Parameter> result;
    // int8_mask only saves mergekit memory.
    for (const auto& entry : node)
      if (const auto name = text(entry.first); name != "int8_mask") result[name] = parameter(entry.second);
    return result;
  }

  void read_models(const YAML::Node& node, Recipe& recipe) const {
    if (!node.IsSequence() || node.size() == 0) fail_at(node.Mark(), "\"models\" must be a list of models");
    std::set<std::string> seen;
    for (const auto& each : node) {
      check_keys(each, "an entry of \"models\"", {"model", "parameters"});
      RecipeModel model{text(required(each, "model")), {}};
      if (!seen.insert(model.name).second)
        fail_at(each.Mark(), "the model \"{}\" stands here a second time", printable(model.name));
      if (each["parameters"]) model.parameters = parameters(each["parameters"], {"weight", "density"});
      recipe.models.push_back(std::move(model));
    }
  }

  void read_tokenizer(const YAML::Node& root, Recipe& recipe) const {
    const YAML::Node tokenizer = root["tokenizer"];
    if (!tokenizer && !root["tokenizer_source"]) return;
    if (tokenizer && root["tokenizer_source"])
      fail_at(tokenizer.Mark(), "\"tokenizer\" and \"tokenizer_source\" exclude each other");
    if (tokenizer) {
      check_keys(tokenizer, "\"tokenizer\"", {"source", "pad_to_multiple_of"}, {"tokens"});
      if (tokenizer["pad_to_multiple_of"]) recipe.pad_to_multiple_of = multiple(tokenizer["pad_to_multiple_of"]);
    }
    const YAML::Node source = tokenizer ? required(tokenizer, "source") : root["tokenizer_source"];
    recipe.tokenizer_source = text(source);
    if (recipe.tokenizer_source == "union")
      fail_at(source.Mark(), "a union of the vocabularies is not supported; name the model whose tokenizer is kept");
    if (recipe.tokenizer_source == "base") {
      if (!recipe.base_model) fail_at(source.Mark(), "the tokenizer is to be the base model's, but there is none");
      recipe.tokenizer_source = recipe.base_model;
    }
  }

  int64_t multiple(const YAML::Node& node) const {
    const double value = number(node);
    if (value < 1 || value > kLargestMultiple || value != std::floor(value))
      fail_at(node.Mark(), "pad_to_multiple_of must be a whole number between 1 and {}", kLargestMultiple);
    return static_cast<int64_t>(value);
  }

  MergeMethod method(const YAML::Node& node) const {
    try {
      return merge_method_or_throw(text(node));
    } catch (const Error& error) {
      fail_at(node.Mark(), "{}", error.what());
    }
  }

  Dtype dtype(const YAML::Node& node) const {
    const auto result = dtype_from_torch(text(node));
    if (!result || !is_float(*result))
      fail_at(node.Mark(), "\"{}\" is not supported, only float32, float16 and bfloat16", printable(text(node)));
    return *result;
  }

  void check_base(const YAML::Node& root, const Recipe& recipe) const {
    if (recipe.method != MergeMethod::linear && !recipe.base_model)
      fail_at(required(root, "merge_method").Mark(), "{} needs a \"base_model\"", merge_method_name(recipe.method));
    size_t merged = 0;
    bool base_has_weight = false;
    for (const RecipeModel& model : recipe.models) recipe.is_base(model.name) ? base_has_weight = true : ++merged;
    if (recipe.method == MergeMethod::linear && recipe.base_model && !base_has_weight)
      fail_at(root["base_model"].Mark(), "linear has no use for a \"base_model\" that is not one of its models");
    if (merged == 0) fail_at(required(root, "models").Mark(), "there is no model to merge but the base");
  }

  const std::string source_;
};

}  // namespace

Recipe parse_recipe_or_throw(const std::string& yaml, const std::string& source) {
  const RecipeReader reader(source);
  try {
    return reader.read(YAML::Load(yaml));
  } catch (const YAML::Exception& error) {
    reader.fail_at(error.mark, "not valid YAML: {}", printable(error.msg));
  }
}

Recipe read_recipe_or_throw(const std::filesystem::path& file) {
  return parse_recipe_or_throw(read_text_or_throw(file, kLargestRecipe), file.string());
}

}  // namespace vlrm
