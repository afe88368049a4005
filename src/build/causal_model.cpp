#include "build/causal_model.h"

#include <algorithm>
#include <array>

#include "architecture/architecture.h"
#include "architecture/read_model.h"
#include "architecture/reward_head.h"
#include "artifact/side_files.h"
#include "base/error.h"
#include "weights/pickled_weights.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr std::array kLayerKeys{"num_hidden_layers", "n_layer", "num_layers", "n_layers"};

void refuse_quantized(const OrderedJson& config, const fs::path& directory) {
  if (config.contains("quantization_config") && config.at("quantization_config").is_object())
    fail(
        "{}: the weights are quantized (quantization_config), and sums of such numbers mean nothing; merge the model "
        "that they were made of",
        (directory / "config.json").string());
}

int64_t text_number(const OrderedJson& config, const char* name) {
  const OrderedJson& text = text_part(config);
  const auto found = text.find(name);
  return found != text.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

// A merge is of the files of weights, and these are none to it.
void note_value_heads(const fs::path& directory, std::vector<std::string>& notes) {
  for (const char* name : {kHeadFile, kPickledHead})
    if (fs::exists(directory / name))
      notes.push_back(fmt::format("{}: a value head in a file of its own, which is neither merged nor copied",
                                  (directory / name).string()));
}

}  // namespace

std::string CausalModel::type() const {
  return model_type(config);
}

bool CausalModel::sees() const {
  const Architecture* architecture = find_architecture(type());
  return architecture != nullptr && architecture->sees();
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
  return has_tied_embeddings(config, weights);
}

CausalModel open_causal_model(const std::string& name, const WatchInput& watch, const std::string& role) {
  const ModelFiles files = resolve_model(name);
  ReadModel read = read_model(files, role, watch);
  refuse_quantized(read.config, files.directory);
  CausalModel model{files.directory,        files.tokenizer(),      files.chat_template(), {},
                    std::move(read.config), std::move(read.weights)};
  if (auto note = unapplied_adapter(files)) model.notes.push_back(std::move(*note));
  note_value_heads(files.directory, model.notes);
  if (files.adapter) note_value_heads(*files.adapter, model.notes);
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
