#include <algorithm>
#include <set>

#include "base/file.h"
#include "merge/recipe.h"
#include "merge/recipe_parameters.h"
#include "merge/recipe_reader.h"
#include "merge/yaml_fields.h"

namespace vlrm {
namespace {

constexpr int64_t kLargestRecipe = 1 << 20;  // bytes
constexpr int64_t kLargestMultiple = 1 << 20;

// Reads one recipe; every problem names the source and the line of the node it is about.
class RecipeReader {
 public:
  explicit RecipeReader(const std::string& source) : yaml_(source) { recipe_.source = source; }

  Recipe read(const YAML::Node& root) {
    yaml_.check_keys(root, "a recipe",
                     {"name", "models", "slices", "modules", "parameters", "base_model", "merge_method", "tokenizer",
                      "tokenizer_source", "chat_template", "dtype", "out_dtype"});
    recipe_.method = &method(yaml_.required(root, "merge_method"));
    parameters_.emplace(yaml_, *recipe_.method, recipe_.notes);
    if (present(root["name"])) recipe_.name = yaml_.text(root["name"]);
    if (present(root["base_model"])) recipe_.base_model = model_name(root["base_model"]);
    if (present(root["parameters"])) recipe_.parameters = parameters_->read(root["parameters"], nullptr);
    read_what_is_merged(root);
    read_tokenizer(root);
    if (present(root["chat_template"])) recipe_.chat_template = yaml_.text(root["chat_template"]);
    if (present(root["dtype"])) recipe_.dtype = dtype(root["dtype"]);
    if (present(root["out_dtype"])) recipe_.out_dtype = dtype(root["out_dtype"]);
    check_models(root);
    return std::move(recipe_);
  }

 private:
  static bool present(const YAML::Node& node) { return node && !node.IsNull(); }

  const Method& method(const YAML::Node& node) const {
    const std::string name = yaml_.text(node);
    try {
      return merge_method_or_throw(name);
    } catch (const Error& error) {
      yaml_.fail_at(node.Mark(), "{}", error.what());
    }
  }

  void read_what_is_merged(const YAML::Node& root) {
    int given = 0;
    for (const char* key : {"models", "slices", "modules"}) given += present(root[key]);
    if (given == 0) yaml_.fail_at(root.Mark(), "\"models\" is missing (or \"slices\", or \"modules\")");
    if (given > 1) yaml_.fail_at(root.Mark(), "of \"models\", \"slices\" and \"modules\" there may be only one");
    if (!present(root["modules"])) {
      recipe_.modules.push_back({"", slices(root), {}});
      return;
    }
    const YAML::Node modules = root["modules"];
    yaml_.keys(modules, "\"modules\"");
    if (modules.size() == 0) yaml_.fail_at(modules.Mark(), "\"modules\" is empty");
    for (const auto& entry : modules) {
      yaml_.check_keys(entry.second, "a module", {"models", "slices", "parameters"});
      RecipeModule module{entry.first.Scalar(), {}, {}};
      if (present(entry.second["models"]) == present(entry.second["slices"]))
        yaml_.fail_at(entry.second.Mark(), "a module has either \"models\" or \"slices\"");
      module.slices = slices(entry.second);
      if (present(entry.second["parameters"]))
        module.parameters = parameters_->read(entry.second["parameters"], nullptr);
      recipe_.modules.push_back(std::move(module));
    }
  }

  // Of a node with either `models` or `slices`.
  std::vector<RecipeSlice> slices(const YAML::Node& node) const {
    if (present(node["models"])) return {{models(node["models"]), {}, {}}};
    const YAML::Node list = node["slices"];
    if (!list.IsSequence() || list.size() == 0) yaml_.fail_at(list.Mark(), "\"slices\" must be a list of slices");
    std::vector<RecipeSlice> result;
    for (const auto& each : list) result.push_back(slice(each));
    return result;
  }

  RecipeSlice slice(const YAML::Node& node) const {
    // mergekit has a residual_weight too, and makes nothing of it.
    yaml_.check_keys(node, "an entry of \"slices\"", {"sources", "base_model", "parameters", "residual_weight"});
    RecipeSlice slice;
    const YAML::Node sources = yaml_.required(node, "sources");
    if (!sources.IsSequence() || sources.size() == 0)
      yaml_.fail_at(sources.Mark(), "\"sources\" must be a list of models with layers");
    for (const auto& each : sources) slice.models.push_back(source(each));
    const auto length = [](const RecipeModel& model) { return model.layers->end - model.layers->begin; };
    for (const RecipeModel& model : slice.models)
      if (length(model) != length(slice.models[0]))
        yaml_.fail_at(sources.Mark(), "the sources of a slice must have equally many layers, but they have {} and {}",
                      length(slice.models[0]), length(model));
    if (present(node["base_model"])) slice.base_model = model_name(node["base_model"]);
    if (present(node["parameters"])) slice.parameters = parameters_->read(node["parameters"], nullptr);
    return slice;
  }

  RecipeModel source(const YAML::Node& node) const {
    yaml_.check_keys(node, "an entry of \"sources\"", {"model", "layer_range", "parameters"});
    RecipeModel model = named_model(node);
    const YAML::Node range = yaml_.required(node, "layer_range");
    if (!range.IsSequence() || range.size() != 2)
      yaml_.fail_at(range.Mark(), "layer_range must be [first, end], with the layer after the last as the end");
    const auto layer = [&](int64_t i) {
      return yaml_.whole_number(range[static_cast<size_t>(i)], "a layer", 0, json_limits::kRepeats);
    };
    model.layers = LayerRange{layer(0), layer(1)};
    if (model.layers->begin >= model.layers->end)
      yaml_.fail_at(range.Mark(), "layer_range [{}, {}] holds no layer", model.layers->begin, model.layers->end);
    return model;
  }

  // "path@revision+adapter", or the same in parts: {model: …, lora: …}, each a text or {path: …, revision: …}.
  std::string model_name(const YAML::Node& node) const {
    if (!node.IsMap()) return yaml_.text(node);
    if (present(node["path"])) return model_path(node);
    yaml_.check_keys(node, "a model", {"model", "lora"});
    const std::string model = model_path(yaml_.required(node, "model"));
    return present(node["lora"]) ? model + "+" + model_path(node["lora"]) : model;
  }

  std::string model_path(const YAML::Node& node) const {
    if (!node.IsMap()) return yaml_.text(node);
    yaml_.check_keys(node, "a model's path", {"path", "revision"});
    const std::string path = yaml_.text(yaml_.required(node, "path"));
    return present(node["revision"]) ? path + "@" + yaml_.text(node["revision"]) : path;
  }

  RecipeModel named_model(const YAML::Node& node) const {
    RecipeModel model{model_name(yaml_.required(node, "model"))};
    if (present(node["parameters"])) model.parameters = parameters_->read(node["parameters"], &model.name);
    return model;
  }

  std::vector<RecipeModel> models(const YAML::Node& node) const {
    if (!node.IsSequence() || node.size() == 0) yaml_.fail_at(node.Mark(), "\"models\" must be a list of models");
    std::set<std::string> seen;
    std::vector<RecipeModel> result;
    for (const auto& each : node) {
      yaml_.check_keys(each, "an entry of \"models\"", {"model", "parameters"});
      result.push_back(named_model(each));
      if (!seen.insert(result.back().name).second)
        yaml_.fail_at(each.Mark(), "the model \"{}\" stands here a second time", printable(result.back().name));
    }
    return result;
  }

  void read_tokenizer(const YAML::Node& root) {
    const bool has_source = present(root["tokenizer_source"]);
    const YAML::Node tokenizer = root["tokenizer"];
    if (!present(tokenizer) && !has_source) return;
    if (present(tokenizer) && has_source)
      yaml_.fail_at(tokenizer.Mark(), "\"tokenizer\" and \"tokenizer_source\" exclude each other");
    if (has_source) return read_tokenizer_source(root["tokenizer_source"]);
    yaml_.check_keys(tokenizer, "\"tokenizer\"", {"source", "pad_to_multiple_of", "tokens"});
    if (present(tokenizer["pad_to_multiple_of"]))
      recipe_.pad_to_multiple_of =
          yaml_.whole_number(tokenizer["pad_to_multiple_of"], "pad_to_multiple_of", 1, kLargestMultiple);
    if (present(tokenizer["tokens"])) read_tokens(tokenizer["tokens"]);
    recipe_.tokenizer_union = !present(tokenizer["source"]);  // mergekit's default
    if (!recipe_.tokenizer_union) read_tokenizer_source(tokenizer["source"]);
  }

  void read_tokenizer_source(const YAML::Node& source) {
    const std::string name = model_name(source);
    recipe_.tokenizer_union = name == "union";
    if (recipe_.tokenizer_union) return;
    recipe_.tokenizer_source = name;
    if (name != "base") return;
    if (!recipe_.base_model) yaml_.fail_at(source.Mark(), "the tokenizer is to be the base model's, but there is none");
    recipe_.tokenizer_source = recipe_.base_model;
  }

  void read_tokens(const YAML::Node& node) {
    yaml_.keys(node, "\"tokens\"");
    for (const auto& entry : node) {
      TokenSource& token = recipe_.tokens[entry.first.Scalar()];
      if (entry.second.IsNull()) continue;
      yaml_.check_keys(entry.second, "a token", {"source", "force"});
      if (present(entry.second["source"])) token = token_source(entry.second["source"]);
      if (!present(entry.second["force"])) continue;
      const auto force = yaml_.boolean(entry.second["force"]);
      if (!force) yaml_.fail_at(entry.second["force"].Mark(), "force must be true or false");
      if (*force && token.kind == TokenSource::Kind::unspecified)
        yaml_.fail_at(entry.second.Mark(), "force needs a \"source\" to take the token's row from");
      token.force = *force;
    }
  }

  TokenSource token_source(const YAML::Node& node) const {
    if (!node.IsMap() || !present(node["kind"])) return {.kind = TokenSource::Kind::model, .model = model_name(node)};
    yaml_.check_keys(node, "a token's source", {"kind", "model", "token", "token_id"});
    const std::string kind = yaml_.text(yaml_.required(node, "kind"));
    if (kind == "zero") return {.kind = TokenSource::Kind::zero};
    if (kind != "model_token")
      yaml_.fail_at(node.Mark(), "a token's source is a model, or of the kind zero or model_token, not \"{}\"",
                    printable(kind));
    TokenSource source{.kind = TokenSource::Kind::token_of_model, .model = model_name(yaml_.required(node, "model"))};
    if (present(node["token"]) == present(node["token_id"]))
      yaml_.fail_at(node.Mark(), "of \"token\" and \"token_id\" there must be one");
    if (present(node["token"])) source.token = yaml_.text(node["token"]);
    if (present(node["token_id"])) source.id = yaml_.whole_number(node["token_id"], "token_id", 0, INT32_MAX);
    return source;
  }

  Dtype dtype(const YAML::Node& node) const {
    const auto result = dtype_from_torch(yaml_.text(node));
    if (!result || !is_float(*result))
      yaml_.fail_at(node.Mark(), "\"{}\" is not supported, only float32, float16 and bfloat16",
                    printable(yaml_.text(node)));
    return *result;
  }

  // The base is one of the models for some methods, and stands apart for others.
  void check_models(const YAML::Node& root) {
    const YAML::Mark mark = yaml_.required(root, "merge_method").Mark();
    for (RecipeModule& module : recipe_.modules)
      for (RecipeSlice& slice : module.slices) check_slice(slice, mark);
  }

  void check_slice(RecipeSlice& slice, const YAML::Mark& mark) const {
    const Method& method = *recipe_.method;
    const auto& base = slice.base_model ? slice.base_model : recipe_.base_model;
    if (method.base == BaseModel::required && !base) yaml_.fail_at(mark, "{} needs a \"base_model\"", method.name);
    const bool listed = base && std::ranges::find(slice.models, *base, &RecipeModel::name) != slice.models.end();
    if (base && !listed && slice.models[0].layers && method.base != BaseModel::a_model)
      yaml_.fail_at(mark, "a slice lacks the base model \"{}\" among its sources: its layers must be named too",
                    printable(*base));
    if (base && !listed && method.base == BaseModel::a_model && !slice.models[0].layers)
      slice.models.push_back({*base});
    const size_t merged = slice.models.size() - (listed && method.base != BaseModel::a_model ? 1 : 0);
    if (merged == 0) yaml_.fail_at(mark, "there is no model to merge but the base");
    if (merged >= method.least_models && merged <= method.most_models) return;
    const bool apart = method.base == BaseModel::required;
    if (method.least_models == method.most_models || merged > method.most_models)
      yaml_.fail_at(mark, "{} merges {} model{}{}, not {}", method.name, method.most_models,
                    method.most_models == 1 ? "" : "s", apart ? " beside the base" : "", merged);
    yaml_.fail_at(mark, "{} merges {} models or more{}, not {}", method.name, method.least_models,
                  apart ? " beside the base" : "", merged);
  }

  const YamlFields yaml_;
  Recipe recipe_;
  std::optional<ParameterReader> parameters_;
};

}  // namespace

Recipe read_recipe(const YAML::Node& document, const std::string& source) {
  return RecipeReader(source).read(document);
}

void fail_empty_recipe(const std::string& source) {
  fail("{}: is empty; a recipe has at least \"merge_method\" and \"models\"", source);
}

Recipe parse_recipe_or_throw(const std::string& yaml, const std::string& source) {
  const YAML::Node document = load_document_or_throw(yaml, source);
  if (document.IsNull()) fail_empty_recipe(source);
  return read_recipe(document, source);
}

Recipe read_recipe_or_throw(const std::filesystem::path& file) {
  return parse_recipe_or_throw(read_recipe_text_or_throw(file), file.string());
}

std::string read_recipe_text_or_throw(const std::filesystem::path& file) {
  return read_text_or_throw(file, kLargestRecipe);
}

}  // namespace vlrm
