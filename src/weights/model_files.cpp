#include "weights/model_files.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/hub_cache.h"
#include "base/hub_download.h"
#include "base/json.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr std::array kWeightFiles{"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
                                  "pytorch_model.bin.index.json"};

bool has(const fs::path& directory, const char* file) {
  std::error_code error;
  return fs::exists(directory / file, error);
}

bool holds_weights(const fs::path& directory) {
  return std::ranges::any_of(kWeightFiles, [&](const char* file) { return has(directory, file); });
}

bool is_adapter_alone(const fs::path& directory) {
  return has(directory, kAdapterConfig) && !holds_weights(directory);
}

// The model that the adapter `name` in `directory` was trained on.
fs::path model_of_adapter(const std::string& name, const fs::path& directory, HubFiles files) {
  const fs::path file = directory / kAdapterConfig;
  const OrderedJson config = read_ordered_json_or_throw(file);
  if (!config.is_object()) fail("{}: not a JSON object", file.string());
  const auto text = [&](const char* key) {
    return config.contains(key) && config.at(key).is_string() ? config.at(key).get<std::string>() : std::string();
  };
  const std::string model = text("base_model_name_or_path"), revision = text("revision");
  const std::string advice = fmt::format("write MODEL+{}", printable(name));
  if (model.empty())
    fail("{}: is an adapter, and its config names no model (base_model_name_or_path): {}", printable(name), advice);
  std::optional<fs::path> found;
  try {
    std::error_code error;
    const bool pinned = !revision.empty() && !fs::is_directory(model, error);
    found = resolve_checkpoint(pinned ? model + "@" + revision : model, files);
  } catch (const Error& error) {
    if (error.exit_code() != kExitBadInput) throw;
    if (!is_offline())
      fail("{}: is an adapter for {}; {}; or {}", printable(name), printable(model), error.what(), advice);
    fail("{}: is an adapter for {}, which is neither a directory nor in the hub cache: {}", printable(name),
         printable(model), advice);
  }
  if (is_adapter_alone(*found))
    fail("{}: is an adapter for {}, which is an adapter, too; one of them can be applied", printable(name),
         printable(model));
  return *found;
}

struct Names {
  std::string model;
  std::optional<std::string> adapter = {};
};

Names split(const std::string& name) {
  const size_t plus = name.find('+');
  std::error_code error;
  if (plus == name.npos || fs::is_directory(name, error)) return {name};
  if (name.find('+', plus + 1) != name.npos) fail("\"{}\": a model takes one adapter, MODEL+ADAPTER", printable(name));
  if (plus == 0 || plus + 1 == name.size()) fail("\"{}\": MODEL+ADAPTER lacks one of the two", printable(name));
  return {name.substr(0, plus), name.substr(plus + 1)};
}

bool has_template(const fs::path& directory) {
  if (has(directory, "chat_template.jinja") || has(directory, "chat_template.json")) return true;
  const fs::path file = directory / "tokenizer_config.json";
  if (!fs::exists(file)) return false;
  const OrderedJson config = read_ordered_json_or_throw(file);
  return config.is_object() && config.contains("chat_template") && !config.at("chat_template").is_null();
}

}  // namespace

fs::path ModelFiles::tokenizer() const {
  return adapter && has(*adapter, "tokenizer.json") ? *adapter : directory;
}

fs::path ModelFiles::chat_template() const {
  const fs::path own = tokenizer();
  return own == directory || has_template(own) ? own : directory;
}

ModelFiles resolve_model(const std::string& name, HubFiles files) {
  const Names names = split(name);
  fs::path directory = resolve_checkpoint(names.model, files);
  if (!names.adapter) {
    if (!is_adapter_alone(directory)) return directory;
    fs::path model = model_of_adapter(name, directory, files);
    return {std::move(model), std::move(directory)};
  }
  if (is_adapter_alone(directory))
    fail("{}: is an adapter, not a model that {} could be applied to", printable(names.model),
         printable(*names.adapter));
  fs::path adapter = resolve_checkpoint(*names.adapter, files);
  if (!has(adapter, kAdapterConfig) && (holds_weights(adapter) || has(adapter, "config.json")))
    fail(
        "{}: is a model, not an adapter that could be applied to {}: to merge the two, name each in a recipe for vlrm "
        "merge",
        printable(*names.adapter), printable(names.model));
  return {std::move(directory), std::move(adapter)};
}

ModelFiles resolve_texts(const std::string& name) {
  if (split(name).adapter) return resolve_model(name, HubFiles::texts);
  const fs::path directory = resolve_checkpoint(name, HubFiles::texts);
  return has(directory, "tokenizer.json") ? directory : resolve_model(name, HubFiles::texts);
}

fs::path resolve_template(const std::string& name) {
  std::error_code error;
  return fs::is_regular_file(name, error) ? fs::path(name) : resolve_texts(name).chat_template();
}

std::optional<std::string> unapplied_adapter(const ModelFiles& files) {
  const fs::path& directory = files.directory;
  const bool there = has(directory, kAdapterConfig) || has(directory, "adapter_model.safetensors");
  std::error_code error;
  if (!there || (files.adapter && fs::equivalent(*files.adapter, directory, error))) return std::nullopt;
  return fmt::format(
      "{0}: an adapter lies beside the weights and is not applied (transformers applies it where peft is installed); "
      "{0}+{0} applies it",
      printable(directory.string()));
}

}  // namespace vlrm
