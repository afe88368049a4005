#include "family/causal_model.h"

#include <algorithm>
#include <array>
#include <functional>

#include "base/error.h"
#include "base/file.h"
#include "family/names.h"
#include "family/side_files.h"
#include "merge/vocabulary.h"
#include "weights/adapter.h"
#include "weights/hub_cache.h"
#include "weights/views.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr std::array kLayerKeys{"num_hidden_layers", "n_layer", "num_layers", "n_layers"};
constexpr const char* kTied = "tie_word_embeddings";
constexpr std::array kTextParts{"text_config", "llm_config", "language_config"};

// The part of a config that speaks of the language model.
template <class Config>
Config& text_part(Config& config) {
  for (const char* key : kTextParts)
    if (config.contains(key) && config.at(key).is_object()) return config.at(key);
  return config;
}

OrderedJson read_config(const fs::path& directory) {
  const fs::path file = directory / "config.json";
  if (!fs::exists(file)) fail("{}: is not there{}", file.string(), fetch_advice(directory));
  OrderedJson config = read_ordered_json_or_throw(file);
  if (!config.is_object()) fail("{}: not a JSON object", file.string());
  if (config.contains("quantization_config") && config.at("quantization_config").is_object())
    fail(
        "{}: the weights are quantized (quantization_config), and sums of such numbers mean nothing; merge the model "
        "that they were made of",
        file.string());
  return config;
}

using Rename = std::function<std::optional<std::string>(const std::string&)>;

std::string model_type(const OrderedJson& config) {
  const auto type = config.find("model_type");
  return type != config.end() && type->is_string() ? type->get<std::string>() : "";
}

std::vector<std::string> architectures_of(const OrderedJson& config) {
  std::vector<std::string> names;
  const auto found = config.find("architectures");
  if (found == config.end() || !found->is_array()) return names;
  for (const OrderedJson& name : *found)
    if (name.is_string()) names.push_back(name.get<std::string>());
  return names;
}

// Such as a reward model: it has a head of another kind.
bool is_classifier(const OrderedJson& config) {
  return std::ranges::any_of(architectures_of(config),
                             [](const std::string& name) { return name.ends_with("Classification"); });
}

// To canonical names, where the config says of which family the model is.
Rename renaming_of(const OrderedJson& config) {
  const std::string type = model_type(config);
  if (type == "llama") return canonical_llama_name;
  if (type == "mllama") return canonical_mllama_name;
  return [](const std::string& name) { return std::optional(name); };
}

int64_t text_number(const OrderedJson& config, const char* name) {
  const OrderedJson& text = text_part(config);
  const auto found = text.find(name);
  return found != text.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

}  // namespace

std::string CausalModel::type() const {
  return model_type(config);
}

std::string CausalModel::kind() const {
  const std::vector<std::string> architectures = architectures_of(config);
  if (!architectures.empty()) return architectures.front();
  return type().empty() ? "of no kind that its config tells" : type();
}

int64_t CausalModel::vocabulary() const {
  return text_number(config, "vocab_size");
}

int64_t CausalModel::layers() const {
  return text_number(config, "num_hidden_layers");
}

bool CausalModel::tied() const {
  for (const OrderedJson* part : {&text_part(config), &config})
    if (const auto said = part->find(kTied); said != part->end() && said->is_boolean()) return said->get<bool>();
  return head_of(*weights) == nullptr && !is_classifier(config);
}

CausalModel open_causal_model(const std::string& name, const WatchInput& watch) {
  const ModelName names = split_model_name(name);
  CausalModel model;
  model.directory = resolve_checkpoint(names.model);
  model.config = read_config(model.directory);
  model.weights = open_checkpoint(model.directory);
  if (watch) model.weights = watch(name, model.directory, model.weights);
  const Rename rename = renaming_of(model.config);
  model.weights = renamed(std::move(model.weights), rename);
  if (!names.adapter) return model;
  const fs::path directory = resolve_checkpoint(*names.adapter);
  CheckpointPtr adapter = open_adapter(directory);
  if (watch) adapter = watch(kAdapterRole + *names.adapter, directory, std::move(adapter));
  model.weights = with_adapter(std::move(model.weights), directory, std::move(adapter), rename);
  return model;
}

OrderedJson changed_config(OrderedJson config, const ConfigChanges& changes) {
  if (changes.dtype) set_dtype(config, *changes.dtype);
  OrderedJson& text = text_part(config);
  if (changes.vocabulary) text["vocab_size"] = *changes.vocabulary;
  if (changes.untied) text[kTied] = config[kTied] = false;
  if (!changes.layers) return config;
  for (const char* key : kLayerKeys)
    if (text.contains(key)) text[key] = *changes.layers;
  const auto types = text.find("layer_types");
  if (types == text.end() || !types->is_array()) return config;
  OrderedJson kept = OrderedJson::array();
  for (const int64_t layer : changes.kept_layers)
    if (layer < std::ssize(*types)) kept.push_back(types->at(static_cast<size_t>(layer)));
  if (std::ssize(kept) == *changes.layers) *types = std::move(kept);
  return config;
}

}  // namespace vlrm
