#include "family/manifest.h"

#include <algorithm>
#include <iterator>

#include "base/atomic_output.h"
#include "base/error.h"
#include "base/version.h"
#include "weights/adapter.h"
#include "weights/hub_cache.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

bool is_safetensors(const std::string& name) {
  return name.ends_with(".safetensors");
}

std::vector<std::string> weight_files(const fs::path& directory) {
  std::vector<std::string> names = files_of_kind(directory, {FileKind::weights});
  std::erase_if(names, [](const std::string& name) { return !is_safetensors(name); });
  return names;
}

bool hub_knows_weights(const fs::path& directory) {
  const std::vector<std::string> names = weight_files(directory);
  return std::ranges::all_of(names,
                             [&](const std::string& name) { return hub_blob_sha256(directory / name).has_value(); });
}

// What decides a model beside its weights. The hub's hash where there is one, else our own.
OrderedJson file_hashes(const fs::path& directory, bool with_weights) {
  OrderedJson hashes = OrderedJson::object();
  std::vector<std::string> names = files_of_kind(
      directory, {FileKind::config, FileKind::tokenizer, FileKind::chat_template, FileKind::adapter, FileKind::other});
  if (with_weights) std::ranges::copy(weight_files(directory), std::back_inserter(names));
  for (const std::string& name : names) {
    const auto sha256 = hub_blob_sha256(directory / name);
    hashes[name] = sha256 ? "sha256:" + *sha256 : "xxh3-128:" + file_fingerprint(directory / name);
  }
  return hashes;
}

std::string change_of_files(const OrderedJson& recorded, const OrderedJson& found) {
  for (const auto& [name, hash] : recorded.items()) {
    if (!found.contains(name)) return printable(name) + " is gone";
    if (found.at(name) != hash) return printable(name) + " is another file now";
  }
  return "";
}

// What changed of one input, or "".
std::string change_of(const std::string& role, const OrderedJson& input, const std::string& source) {
  const fs::path directory = required_field<std::string>(input, "directory", source);
  if (!fs::is_directory(directory)) return "its directory is gone";
  const bool fingerprinted = input.contains("weights");
  const auto files = required_field<OrderedJson>(input, "files", source);
  if (!files.is_object()) fail("{}: \"files\" is no object", source);
  const bool hashed_weights =
      std::ranges::any_of(files.items(), [](const auto& file) { return kind_of(file.key()) == FileKind::weights; });
  if (auto change = change_of_files(files, file_hashes(directory, hashed_weights)); !change.empty()) return change;
  if (!fingerprinted) return "";
  const OrderedJson& weights = input.at("weights");
  const auto recorded = required_field<std::string>(weights, "xxh3-128", source);
  const auto left_out = optional_field<std::vector<std::string>>(weights, "left_out", {}, source);
  try {
    const CheckpointPtr checkpoint =
        role.starts_with(kAdapterRole) ? open_adapter(directory) : open_checkpoint(directory);
    return fingerprint_of(checkpoint, {left_out.begin(), left_out.end()}) == recorded ? ""
                                                                                      : "its weights are others now";
  } catch (const Error& error) {
    return fmt::format("its weights cannot be read any more: {}", error.what());
  }
}

// What is no UTF-8 is replaced.
std::string text_of(const OrderedJson& json) {
  return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace

Manifest::Manifest(std::string command, OrderedJson settings)
    : command_(std::move(command)), settings_(std::move(settings)) {}

void Manifest::name_input(const std::string& role, const std::string& name) {
  names_[role] = name;
}

CheckpointPtr Manifest::watch(const std::string& role, const fs::path& directory, CheckpointPtr checkpoint) {
  Input input{fs::absolute(directory).lexically_normal(), std::nullopt, checkpoint != nullptr};
  if (checkpoint != nullptr && !hub_knows_weights(directory)) {
    input.weights.emplace(std::move(checkpoint));
    checkpoint = input.weights->checkpoint();
  }
  inputs_.insert_or_assign(role, std::move(input));
  return checkpoint;
}

WatchInput Manifest::watcher() {
  return [this](const std::string& role, const fs::path& directory, CheckpointPtr checkpoint) {
    return watch(role, directory, std::move(checkpoint));
  };
}

OrderedJson Manifest::identity() const {
  OrderedJson json{{"version", version()}, {"command", command_}, {"settings", settings_}};
  for (const auto& [role, input] : inputs_) {
    OrderedJson& files = json["inputs"][role][input.directory.string()] = OrderedJson::object();
    for (const auto& entry : fs::directory_iterator(input.directory))
      if (entry.is_regular_file())
        files[entry.path().filename().string()] = {entry.file_size(),
                                                   entry.last_write_time().time_since_epoch().count()};
  }
  return json;
}

bool Manifest::is_of(const fs::path& output) const {
  const fs::path path = output / kManifestName;
  if (!fs::exists(path)) return false;
  const OrderedJson json = read_ordered_json_or_throw(path);
  return json.is_object() && json.value("command", "") == command_ && json.contains("settings") &&
         json.at("settings") == OrderedJson::parse(text_of(settings_));
}

bool Manifest::has_input_newer_than(const fs::path& output) const {
  const auto written = fs::last_write_time(output / kManifestName);
  for (const auto& [role, input] : inputs_) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(input.directory, error)) {
      const auto changed = fs::last_write_time(entry.path(), error);
      if (!error && entry.is_regular_file() && changed > written) return true;
    }
  }
  return false;
}

std::optional<std::string> Manifest::role_of(const fs::path& directory) const {
  std::error_code error;
  for (const auto& [role, input] : inputs_)
    if (fs::equivalent(input.directory, directory, error)) return role;
  return std::nullopt;
}

OrderedJson Manifest::json() const {
  OrderedJson json{{"version", version()}, {"command", command_}, {"settings", settings_}};
  json["inputs"] = OrderedJson::object();
  for (const auto& [role, input] : inputs_) {
    OrderedJson entry = OrderedJson::object();
    if (const auto name = names_.find(role); name != names_.end()) entry["name"] = name->second;
    entry["directory"] = input.directory.string();
    entry["files"] = file_hashes(input.directory, input.has_weights && !input.weights);
    if (input.weights) {
      entry["weights"] = {{"xxh3-128", input.weights->digest()}};
      if (const auto left_out = input.weights->left_out(); !left_out.empty()) entry["weights"]["left_out"] = left_out;
    }
    json["inputs"][role] = std::move(entry);
  }
  return json;
}

void Manifest::write(const fs::path& output) const {
  write_file_atomically(output / kManifestName, text_of(json()) + "\n", false);
}

std::vector<std::string> changed_inputs(const fs::path& output) {
  const fs::path path = output / kManifestName;
  const OrderedJson manifest = read_ordered_json_or_throw(path);
  const auto inputs = required_field<OrderedJson>(manifest, "inputs", path.string());
  if (!inputs.is_object()) fail("{}: \"inputs\" is no object", path.string());
  std::vector<std::string> changes;
  for (const auto& [role, input] : inputs.items()) {
    const std::string change = change_of(role, input, path.string());
    if (change.empty()) continue;
    changes.push_back(
        fmt::format("{} ({}): {}", printable(role), printable(input.at("directory").get<std::string>()), change));
  }
  return changes;
}

}  // namespace vlrm
