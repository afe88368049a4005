#include <cmath>
#include <set>

#include "base/file.h"
#include "base/nearest.h"
#include "merge/recipe.h"
#include "merge/yaml_document.h"

namespace vlrm {
namespace {

constexpr int64_t kLargestRecipe = 1 << 20;  // bytes
// Bytes of names and numbers that are read, which a file of that size holds at most. Aliases would give more.
constexpr size_t kLargestContents = size_t{4} << 20;
constexpr int64_t kLargestMultiple = 1 << 20;
constexpr std::string_view kMergeKey = "<<";  // of YAML 1.1: takes over the keys of another mapping

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
      recipe.parameters =
          parameters(root["parameters"], {"weight", "density", "normalize", "rescale", "int8_mask"}, nullptr, recipe);
    read_models(required(root, "models"), recipe);
    read_tokenizer(root, recipe);
    if (root["dtype"]) recipe.dtype = dtype(root["dtype"]);
    if (root["out_dtype"]) recipe.out_dtype = dtype(root["out_dtype"]);
    check_base(root, recipe);
    return recipe;
  }

 private:
  template <class... Args>
  [[noreturn]] void fail_at(const YAML::Mark& mark, fmt::format_string<Args...> format, Args&&... args) const {
    vlrm::fail_at(source_, mark, format, std::forward<Args>(args)...);
  }

  using Names = std::initializer_list<std::string_view>;

  void check_keys(const YAML::Node& node, const char* what, Names known, Names not_implemented = {}) const {
    if (!node.IsMap()) fail_at(node.Mark(), "{} must be a mapping of keys to values", what);
    std::set<std::string> seen;
    for (const auto& entry : node) {
      const std::string key = text(entry.first);
      const YAML::Mark mark = entry.first.Mark();
      if (!seen.insert(key).second) fail_at(mark, "\"{}\" stands here a second time", printable(key));
      if (key == kMergeKey || contains(not_implemented, key)) fail_at(mark, "\"{}\" is not supported", key);
      if (!contains(known, key)) fail_at(mark, "unknown key \"{}\"; {}", printable(key), suggestion(key, known));
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

  void count(const YAML::Node& node) const {
    contents_ += node.Scalar().size() + 1;
    if (contents_ > kLargestContents) fail_at(node.Mark(), "the recipe's aliases make too much of it");
  }

  std::string text(const YAML::Node& node) const {
    if (!node.IsScalar() || node.Scalar().empty()) fail_at(node.Mark(), "a name is needed here");
    count(node);
    return node.Scalar();
  }

  std::optional<double> number(const YAML::Node& node) const {
    double value = 0;
    if (!node.IsScalar() || !YAML::convert<double>::decode(node, value)) return std::nullopt;
    count(node);
    return value;
  }

  // What is being read: "density" and, for messages, "the density of the model \"./rm\"".
  struct Subject {
    const ParameterRule& rule;
    std::string text;
  };

  double value(const YAML::Node& node, const Subject& subject) const {
    auto value = number(node);
    bool truth = false;
    const bool quoted = node.Tag() == "!";  // a text, then
    if (subject.rule.is_switch && node.IsScalar() && !quoted && YAML::convert<bool>::decode(node, truth))
      value = truth ? 1 : 0;
    if (value && subject.rule.allows(*value)) return *value;
    fail_at(node.Mark(), "{} must be {}{}", subject.text, subject.rule.allowed,
            node.IsScalar() ? ", not \"" + printable(node.Scalar()) + "\"" : std::string());
  }

  std::vector<double> values(const YAML::Node& node, const Subject& subject) const {
    if (!node.IsSequence()) return {value(node, subject)};
    if (node.size() == 0) fail_at(node.Mark(), "{} is an empty list", subject.text);
    std::vector<double> values;
    for (const auto& each : node) values.push_back(value(each, subject));
    return values;
  }

  // A number, a list of numbers (a gradient over the layers), or a list of {filter, value}.
  Parameter parameter(const YAML::Node& node, const Subject& subject) const {
    if (node.IsMap()) return {parameter_case(node, subject)};
    if (!node.IsSequence() || node.size() == 0 || !node[0].IsMap()) return {{"", values(node, subject)}};
    Parameter cases;
    for (const auto& each : node) cases.push_back(parameter_case(each, subject));
    return cases;
  }
  ParameterCase parameter_case(const YAML::Node& node, const Subject& subject) const {
    check_keys(node, "an entry of a list of filters", {"filter", "value"});
    ParameterCase result;
    if (node["filter"]) result.filter = text(node["filter"]);
    if (result.filter == "*") result.filter.clear();
    result.values = values(required(node, "value"), subject);
    return result;
  }

  // `model` is nullptr for those of all models.
  std::map<std::string, Parameter> parameters(const YAML::Node& node, Names known, const std::string* model,
                                              Recipe& recipe) const {
    check_keys(node, "\"parameters\"", known);
    std::map<std::string, Parameter> result;
    for (const auto& entry : node) {
      const std::string name = text(entry.first);
      const std::string subject =
          model == nullptr ? name : fmt::format("the {} of the model \"{}\"", name, printable(*model));
      Parameter read = parameter(entry.second, {rule_of(name), subject});
      if (name == "int8_mask") continue;  // only saves mergekit memory
      if ((name == "density" || name == "rescale") && !drops_deltas(recipe.method))
        recipe.remarks.push_back(fmt::format("{}:{}: {} has no meaning for {}", source_, entry.first.Mark().line + 1,
                                             subject, merge_method_name(recipe.method)));
      result[name] = std::move(read);
    }
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
      if (each["parameters"])
        model.parameters = parameters(each["parameters"], {"weight", "density"}, &model.name, recipe);
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
    const double value = number(node).value_or(0);
    if (!(value >= 1 && value <= kLargestMultiple && value == std::floor(value)))
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
  mutable size_t contents_ = 0;  // bytes read so far
};

}  // namespace

Recipe parse_recipe_or_throw(const std::string& yaml, const std::string& source) {
  const YAML::Node document = load_document_or_throw(yaml, source);
  if (document.IsNull()) fail("{}: is empty; a recipe has at least \"merge_method\" and \"models\"", source);
  return RecipeReader(source).read(document);
}

Recipe read_recipe_or_throw(const std::filesystem::path& file) {
  return parse_recipe_or_throw(read_recipe_text_or_throw(file), file.string());
}

std::string read_recipe_text_or_throw(const std::filesystem::path& file) {
  return read_text_or_throw(file, kLargestRecipe);
}

}  // namespace vlrm
