#include "artifact/manifest.h"

#include <algorithm>
#include <iterator>

#include "base/atomic_output.h"
#include "base/content_digest.h"
#include "base/error.h"
#include "base/hub_cache.h"
#include "base/version.h"
#include "weights/adapter.h"

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

std::vector<fs::path> weight_paths(const fs::path& directory) {
  std::vector<fs::path> paths;
  for (const std::string& name : weight_files(directory)) paths.push_back(directory / name);
  return paths;
}

constexpr const char* kOutputBytes = "output_bytes";

constexpr const char *kSha256 = "sha256:", *kXxh3 = "xxh3-128:";

std::string content_hash(const fs::path& file) {
  return kXxh3 + file_fingerprint(file);
}

// The hub's hash where there is one, else our own.
std::string file_hash(const fs::path& file) {
  const auto sha256 = hub_blob_sha256(file);
  return sha256 ? kSha256 + *sha256 : content_hash(file);
}

// What decides a model beside its weights.
std::vector<std::string> small_files(const fs::path& directory) {
  return files_of_kind(
      directory, {FileKind::config, FileKind::tokenizer, FileKind::chat_template, FileKind::adapter, FileKind::other});
}

// "files" of an input, and "contents" of those that are named by the hub, whose names say nothing elsewhere.
void add_file_hashes(OrderedJson& entry, const fs::path& directory, bool with_weights) {
  OrderedJson files = OrderedJson::object(), contents = OrderedJson::object();
  for (const std::string& name : small_files(directory)) {
    files[name] = file_hash(directory / name);
    if (hub_blob_sha256(directory / name)) contents[name] = content_hash(directory / name);
  }
  if (with_weights && hub_knows_weights(directory))
    for (const std::string& name : weight_files(directory)) files[name] = file_hash(directory / name);
  entry["files"] = std::move(files);
  if (!contents.empty()) entry["contents"] = std::move(contents);
}

bool is_weights(const std::string& name) {
  return kind_of(name) == FileKind::weights;
}

// Whether the hub's names tell that the file is the same.
bool has_the_hubs_name(const fs::path& file, const OrderedJson& recorded) {
  const auto sha256 = hub_blob_sha256(file);
  return sha256 && recorded == kSha256 + *sha256;
}

// "is gone", or why a file or directory cannot be looked at, or "". Its name is a manifest's, and may be one that no
// file can have.
std::string absence_of(const fs::path& path, fs::file_type type) {
  std::error_code error;
  const fs::file_type found = fs::status(path, error).type();
  if (found == type) return "";
  return found == fs::file_type::none ? "cannot be read: " + error.message() : "is gone";
}

// What the files of inputs are known by: their names in the hub cache, if they have some, or always their bytes.
enum class KnownBy { hub_names, bytes };

std::string change_of_file(const std::string& name, const OrderedJson& recorded, const OrderedJson& input,
                           const fs::path& file, KnownBy known_by) {
  if (const std::string absence = absence_of(file, fs::file_type::regular); !absence.empty())
    return printable(name) + " " + absence;
  if (known_by == KnownBy::hub_names && has_the_hubs_name(file, recorded)) return "";
  const auto contents = input.find("contents");
  const bool named_by_hub = contents != input.end() && contents->is_object() && contents->contains(name);
  const OrderedJson& expected = named_by_hub ? contents->at(name) : recorded;
  const bool known = expected.is_string() && expected.get_ref<const std::string&>().starts_with(kXxh3);
  return known && content_hash(file) == expected ? "" : printable(name) + " is another file now";
}

// Of all tensors but those left out. `about` tells from other digests of these files.
std::string fingerprint_about(const auto& left_out) {
  std::string about = "tensors";
  for (const std::string& name : left_out) about += " " + name;
  return about;
}

std::string fingerprint_now(const std::string& role, const fs::path& directory,
                            const std::vector<std::string>& left_out) {
  const FileStates states(weight_paths(directory));
  if (auto remembered = states.digest(fingerprint_about(left_out))) return *remembered;
  const CheckpointPtr checkpoint =
      role.starts_with(kAdapterRole) ? open_adapter(directory) : open_checkpoint(directory);
  std::string digest = fingerprint_of(checkpoint, {left_out.begin(), left_out.end()});
  states.remember(fingerprint_about(left_out), digest);
  return digest;
}

// "" also where the input's weights are not recorded.
std::string change_of_weights(const std::string& role, const OrderedJson& input, const fs::path& directory,
                              const std::string& source) {
  if (!input.contains("weights")) return "";
  const OrderedJson& weights = input.at("weights");
  const auto recorded = required_field<std::string>(weights, "xxh3-128", source);
  const auto left_out = optional_field<std::vector<std::string>>(weights, "left_out", {}, source);
  try {
    return fingerprint_now(role, directory, left_out) == recorded ? "" : "its weights are others now";
  } catch (const Error& error) {
    return fmt::format("its weights cannot be read any more: {}", error.what());
  }
}

// What is otherwise in `directory` than this input was, or "".
std::string change_of(const std::string& role, const OrderedJson& input, const fs::path& directory,
                      const std::string& source, KnownBy known_by) {
  if (const std::string absence = absence_of(directory, fs::file_type::directory); !absence.empty())
    return "its directory " + absence;
  const auto files = required_field<OrderedJson>(input, "files", source);
  if (!files.is_object()) fail("{}: \"files\" is no object", source);
  const bool fingerprinted = input.contains("weights");
  bool same_weights = false;  // by the hub's names
  for (const auto& [name, hash] : files.items()) {
    if (is_weights(name) && has_the_hubs_name(directory / name, hash)) same_weights = true;
    if (is_weights(name) && fingerprinted) continue;
    if (std::string change = change_of_file(name, hash, input, directory / name, known_by); !change.empty())
      return change;
  }
  for (const auto& [name, hash] : files.items())
    same_weights = same_weights && (!is_weights(name) || has_the_hubs_name(directory / name, hash));
  return same_weights && known_by == KnownBy::hub_names ? "" : change_of_weights(role, input, directory, source);
}

OrderedJson recorded_inputs(const fs::path& manifest) {
  auto inputs = required_field<OrderedJson>(read_ordered_json_or_throw(manifest), "inputs", manifest.string());
  if (!inputs.is_object()) fail("{}: \"inputs\" is no object", manifest.string());
  return inputs;
}

std::string change_line(const std::string& role, const fs::path& directory, const std::string& change) {
  return fmt::format("{} ({}): {}", printable(role), printable(directory.string()), change);
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
  Input input{fs::absolute(directory).lexically_normal(), std::nullopt, std::nullopt};
  if (checkpoint != nullptr) {
    input.states.emplace(weight_paths(directory));
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

OrderedJson Manifest::identity(WeightsBy how) const {
  OrderedJson json{{"command", command_}, {"settings", settings_}};
  for (const auto& [role, input] : inputs_) {
    OrderedJson& files = json["inputs"][role] = OrderedJson::object();
    for (const std::string& name : small_files(input.directory)) files[name] = content_hash(input.directory / name);
    if (!input.weights) continue;
    for (const std::string& name : weight_files(input.directory)) {
      const fs::path file = input.directory / name;
      const auto sha256 = hub_blob_sha256(file);
      files[name] = sha256 ? *sha256 : how == WeightsBy::contents ? file_digest(file) : file_state(file);
    }
  }
  return json;
}

bool Manifest::is_of(const fs::path& output) const {
  const fs::path path = output / kManifestName;
  if (!fs::exists(path)) return false;
  const OrderedJson json = read_ordered_json_or_throw(path);
  return json.is_object() && json.contains("command") && json.at("command") == command_ && json.contains("settings") &&
         json.at("settings") == OrderedJson::parse(text_of(settings_));
}

std::string Manifest::change_since(const fs::path& output) const {
  const fs::path path = output / kManifestName;
  const OrderedJson recorded = recorded_inputs(path);
  for (const auto& [role, input] : inputs_)
    if (!recorded.contains(role)) return change_line(role, input.directory, "was not an input");
  for (const auto& [role, entry] : recorded.items()) {
    const auto input = inputs_.find(role);
    if (input == inputs_.end()) return printable(role) + ": is not an input any more";
    const std::string change = change_of(role, entry, input->second.directory, path.string(), KnownBy::hub_names);
    if (!change.empty()) return change_line(role, input->second.directory, change);
  }
  return "";
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
    add_file_hashes(entry, input.directory, input.weights.has_value());
    if (input.weights) {
      const std::string digest = input.weights->digest();
      entry["weights"] = {{"xxh3-128", digest}};
      const auto left_out = input.weights->left_out();
      if (!left_out.empty()) entry["weights"]["left_out"] = left_out;
      input.states->remember(fingerprint_about(left_out), digest);
    }
    json["inputs"][role] = std::move(entry);
  }
  return json;
}

void Manifest::write(const fs::path& output) const {
  OrderedJson manifest = json();
  OrderedJson& bytes = manifest[kOutputBytes] = OrderedJson::object();
  for (const std::string& name : weight_files(output)) bytes[name] = fs::file_size(output / name);
  write_file_atomically(output / kManifestName, text_of(manifest) + "\n", false);
}

std::string Manifest::damage_of(const fs::path& output) {
  const fs::path path = output / kManifestName;
  using Sizes = std::map<std::string, uint64_t>;
  for (const auto& [name, bytes] :
       optional_field<Sizes>(read_ordered_json_or_throw(path), kOutputBytes, {}, path.string())) {
    std::error_code error;
    const uintmax_t size = fs::file_size(output / name, error);
    if (error) return printable(name) + " is gone";
    if (size != bytes) return fmt::format("{} has {} bytes, not {}", printable(name), size, bytes);
  }
  return fs::exists(output / "config.json") ? "" : "config.json is gone";
}

std::vector<std::string> changed_inputs(const fs::path& output) {
  const fs::path path = output / kManifestName;
  std::vector<std::string> changes;
  const OrderedJson recorded = recorded_inputs(path);
  for (const auto& [role, input] : recorded.items()) {
    const fs::path directory = required_field<std::string>(input, "directory", path.string());
    const std::string change = change_of(role, input, directory, path.string(), KnownBy::bytes);
    if (!change.empty()) changes.push_back(change_line(role, directory, change));
  }
  return changes;
}

}  // namespace vlrm
