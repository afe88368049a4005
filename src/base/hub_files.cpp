#include "base/hub_files.h"

#include <fnmatch.h>

#include <algorithm>
#include <set>

#include "base/command.h"
#include "base/error.h"
#include "base/file.h"
#include "base/joined.h"
#include "base/json.h"
#include "base/progress.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr const char* kIndex = "model.safetensors.index.json";
constexpr int64_t kLargestList = int64_t{64} << 20;  // bytes

using Patterns = std::vector<std::string>;

// What is read of a model beside its weights.
const Patterns kTexts{"config.json",
                      "generation_config.json",
                      "*processor_config.json",
                      "tokenizer*",
                      "special_tokens_map.json",
                      "added_tokens.json",
                      "vocab.*",
                      "merges.txt",
                      "chat_template.*",
                      "adapter_config.json"};
const Patterns kWeights{"*.safetensors", "*.safetensors.index.json"};
// What outputs made of it are to have, too.
const Patterns kCompanions{"LICENSE*", "LICENCE*", "NOTICE*", "USE_POLICY*", "*.py"};
const Patterns kOtherModels{"*/*", "consolidated*"};

// What is in no file of rows and is no image that one names.
const Patterns kNoRows{".*",    "*/.*",  "*.py",  "*.ipynb", "*.zip", "*.tar", "*.tar.*",       "*.tgz",  "*.gz",
                       "*.7z",  "*.rar", "*.bz2", "*.xz",    "*.zst", "*.csv", "*.tsv",         "*.txt",  "*.pdf",
                       "*.mp4", "*.avi", "*.mkv", "*.webm",  "*.mov", "*.mp3", "*.wav",         "*.flac", "*.npy",
                       "*.npz", "*.pkl", "*.h5",  "*.db",    "*.pt",  "*.pth", "*.safetensors", "*.bin",  "*.gguf"};

bool matches_one(const Patterns& patterns, const std::string& path) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) {
    return ::fnmatch(pattern.c_str(), path.c_str(), FNM_NOESCAPE) == 0;
  });
}

Patterns all_of_model() {
  Patterns all = kTexts;
  all.insert(all.end(), kWeights.begin(), kWeights.end());
  all.insert(all.end(), kCompanions.begin(), kCompanions.end());
  return all;
}

fs::path list_of(const fs::path& snapshot) {
  const fs::path place = snapshot.has_filename() ? snapshot : snapshot.parent_path();
  if (place.parent_path().filename() != "snapshots") return {};
  return place.parent_path().parent_path() / "trees" / (place.filename().string() + ".json");
}

std::string text_field(const Json& json, const char* key) {
  return json.contains(key) && json.at(key).is_string() ? json.at(key).get<std::string>() : "";
}

// A path of a list leads into its snapshot.
bool stays_inside(const std::string& text) {
  const fs::path path(text);
  return !text.empty() && !path.is_absolute() && text.find('\0') == std::string::npos &&
         std::ranges::find(path, fs::path("..")) == path.end();
}

bool is_weights_file(const std::string& path) {
  return path.ends_with(".safetensors");
}

bool is_in_cache(const fs::path& file) {
  std::error_code error;
  return fs::exists(file, error);
}

// The shards that the index in a snapshot names; none where there is no index that can be read, which is told by who
// reads it.
std::set<std::string> shards_of_index(const fs::path& snapshot) {
  std::set<std::string> shards;
  try {
    if (!is_in_cache(snapshot / kIndex)) return shards;
    const Json index = read_json_or_throw(snapshot / kIndex);
    const auto map = index.find("weight_map");
    if (map == index.end() || !map->is_object()) return shards;
    for (const auto& [tensor, shard] : map->items())
      if (shard.is_string() && stays_inside(shard.get<std::string>())) shards.insert(shard.get<std::string>());
  } catch (const Error&) {
  }
  return shards;
}

// What `files` needs of those in the list: companions may be missing, and so may weights of another precision
// ("model.fp16.safetensors"), which no index names.
std::vector<std::string> needed_files(const fs::path& snapshot, const std::vector<HubFile>& list, HubFiles files) {
  const std::set<std::string> shards = shards_of_index(snapshot);
  std::vector<std::string> needed;
  for (const HubFile& file : list) {
    const bool listed = patterns_of(files).match(file.path) && !matches_one(kCompanions, file.path);
    const bool other_weights =
        !shards.empty() && is_weights_file(file.path) && file.path.starts_with("model") && !shards.contains(file.path);
    if (listed && !other_weights) needed.push_back(file.path);
  }
  return needed;
}

// Runs a command line of the shell with the file as its input, and gives the first word of what it prints.
std::string printed_of(const std::string& command_line, const fs::path& file, int64_t size) {
  const auto result =
      run_command({"sh", "-c", command_line, "sh", file.string(), std::to_string(size)}, CommandErrors::kept);
  if (!result || result->exit_code != 0)
    fail("{}: sha256sum and sha1sum cannot be run on it: {}", file.string(),
         result ? printable(result->errors) : "no shell");
  return result->output.substr(0, result->output.find(' '));
}

bool is_as_listed(const fs::path& path, const HubFile& file) {
  const auto size = static_cast<int64_t>(fs::file_size(path));
  if (size != file.size) return false;
  if (!file.sha256.empty()) return printed_of("sha256sum < \"$1\"", path, size) == file.sha256;
  return printed_of("{ printf 'blob %s\\0' \"$2\"; cat; } < \"$1\" | sha1sum", path, size) == file.git_sha1;
}

}  // namespace

bool HubPatterns::match(const std::string& path) const {
  return matches_one(include, path) && !matches_one(exclude, path);
}

const HubPatterns& patterns_of(HubFiles files) {
  static const HubPatterns model{all_of_model(), kOtherModels}, texts{kTexts, kOtherModels}, dataset{{"*"}, kNoRows};
  switch (files) {
    case HubFiles::model:
      return model;
    case HubFiles::texts:
      return texts;
    case HubFiles::dataset:
      break;
  }
  return dataset;
}

std::optional<std::vector<HubFile>> files_of_tree(const fs::path& snapshot) {
  const fs::path list = list_of(snapshot);
  if (list.empty() || !is_in_cache(list)) return std::nullopt;
  try {
    const Json json = parse_json_or_throw(read_text_or_throw(list, kLargestList), list.string());
    if (!json.is_object() || json.value("format_version", Json()) != 1) return std::nullopt;
    std::vector<HubFile> files;
    const auto entries = required_field<Json>(json, "files", list.string());
    for (const auto& [path, entry] : entries.items()) {
      if (!entry.is_object() || !stays_inside(path)) return std::nullopt;
      files.push_back({path, required_field<int64_t>(entry, "size", list.string()), text_field(entry, "blob_id"),
                       text_field(entry, "lfs_sha256")});
    }
    return files;
  } catch (const Error&) {  // as huggingface_hub, which makes a new one
    return std::nullopt;
  }
}

std::string lack_of(const fs::path& snapshot, HubFiles files) {
  std::vector<std::string> needed, missing;
  if (const auto list = files_of_tree(snapshot)) {
    needed = needed_files(snapshot, *list, files);
  } else if (files == HubFiles::model) {
    const std::set<std::string> shards = shards_of_index(snapshot);
    needed.assign(shards.begin(), shards.end());
  }
  std::ranges::copy_if(needed, std::back_inserter(missing),
                       [&](const auto& path) { return !is_in_cache(snapshot / path); });
  if (missing.empty()) return "";
  if (std::ranges::any_of(missing, is_weights_file)) std::erase(missing, kIndex);  // which says nothing to a user
  const bool shards = std::ranges::all_of(missing, is_weights_file);
  const auto total = shards ? std::ranges::count_if(needed, is_weights_file) : std::ssize(needed);
  return fmt::format("{} of {} {}{} {} missing: {}", missing.size(), total, shards ? "shard" : "file",
                     total == 1 ? "" : "s", missing.size() == 1 ? "is" : "are", printable(joined(missing), 400));
}

bool may_lack_weights(const fs::path& snapshot) {
  if (files_of_tree(snapshot)) return false;
  std::error_code error;
  const fs::directory_iterator files(snapshot, error);
  return std::ranges::none_of(files, [](const fs::directory_entry& file) {
    const std::string name = file.path().filename().string();
    return is_weights_file(name) || name == kIndex || name.starts_with("pytorch_model");
  });
}

std::vector<std::string> changed_files(const fs::path& snapshot) {
  const auto list = files_of_tree(snapshot);
  if (!list) fail("{}: the hub cache has no list of its files ({})", snapshot.string(), list_of(snapshot).string());
  std::vector<HubFile> present;
  int64_t bytes = 0;
  for (const HubFile& file : *list)
    if (is_in_cache(snapshot / file.path)) present.push_back(file), bytes += std::max<int64_t>(file.size, 0);
  std::vector<std::string> changed;
  Progress progress("verifying", bytes, Progress::Unit::bytes);
  for (const HubFile& file : present) {
    progress.set_detail(printable(file.path));
    if (!is_as_listed(snapshot / file.path, file))
      changed.push_back(
          fmt::format("{}: is not the file that the hub has", printable((snapshot / file.path).string(), 1000)));
    progress.advance(std::max<int64_t>(file.size, 0));
  }
  return changed;
}

}  // namespace vlrm
