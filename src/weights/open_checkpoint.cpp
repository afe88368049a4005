#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/hub_cache.h"
#include "base/json.h"
#include "weights/checkpoint.h"
#include "weights/pickled_weights.h"
#include "weights/safetensors.h"
#include "weights/safetensors_file.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr const char* kSingleFile = "model.safetensors";
constexpr const char* kIndexFile = "model.safetensors.index.json";

// A shard's name may lead nowhere but into the checkpoint's own directory.
void check_shard_name(const std::string& shard, const fs::path& index) {
  const fs::path path(shard);
  const bool leaves = path.is_absolute() || std::ranges::find(path, fs::path("..")) != path.end();
  if (shard.empty() || leaves || shard.find('\0') != std::string::npos)
    fail("{}: the shard \"{}\" is not a file name inside the checkpoint's directory", index.string(), printable(shard));
}

// Refuses a tensor that has two shards, of which a parsed map would keep one.
Json read_index(const fs::path& index) {
  const std::string text = read_text_or_throw(index);
  parse_json_or_throw(text, index.string());
  std::set<std::string> names;  // of an object inside the outermost one
  const auto see = [&](int depth, Json::parse_event_t event, const Json& value) {
    if (event != Json::parse_event_t::key) return true;
    if (depth == 1) names.clear();
    const auto name = value.get<std::string>();
    if (depth == 2 && !names.insert(name).second)
      fail("{}: {} stands there a second time", index.string(), printable(name));
    return true;
  };
  return Json::parse(text, see);
}

std::map<std::string, std::string> read_weight_map(const fs::path& index) {
  const Json json = read_index(index);
  const auto weight_map = required_field<Json>(json, "weight_map", index.string());
  if (!weight_map.is_object()) fail("{}: the field \"weight_map\" is not an object", index.string());
  std::map<std::string, std::string> shards;
  for (const auto& [tensor, shard] : weight_map.items()) {
    if (!shard.is_string()) fail("{}: the shard of tensor {} is not a string", index.string(), printable(tensor));
    check_shard_name(shard.get<std::string>(), index);
    shards[tensor] = shard.get<std::string>();
  }
  return shards;
}

class ShardedCheckpoint : public Checkpoint {
 public:
  explicit ShardedCheckpoint(const fs::path& directory) : directory_(directory) {
    const fs::path index = directory / kIndexFile;
    const auto weight_map = read_weight_map(index);
    const auto pool = std::make_shared<FilePool>();
    for (const auto& [tensor, shard] : weight_map)
      if (!shards_.contains(shard)) shards_[shard] = open_shard(directory / shard, pool);
    for (const auto& [tensor, shard] : weight_map) {
      const TensorInfo* info = shards_[shard]->find(tensor);
      if (info == nullptr)
        fail("{}: tensor {} is not in {}, where the index has it", index.string(), printable(tensor), printable(shard));
      tensors_.push_back(*info);
      sources_.push_back(shards_[shard]);
    }
    for (const auto& [shard, file] : shards_) refuse_strays(shard, *file, weight_map);
  }
  const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  std::unique_ptr<TensorReader> prepare(std::string_view name) const override {
    const auto index = static_cast<size_t>(&info_or_throw(name) - tensors_.data());
    return sources_[index]->prepare(name);
  }
  std::string description() const override { return directory_.string(); }

 private:
  static CheckpointPtr open_shard(const fs::path& path, const std::shared_ptr<FilePool>& pool) {
    std::error_code error;
    if (fs::status(path, error).type() == fs::file_type::not_found)
      fail("{}: is not there, but {} names it{}", path.string(), kIndexFile, fetch_advice(path.parent_path()));
    return open_safetensors_file(path, pool);
  }

  // A tensor that the index puts elsewhere or does not know: the files do not belong together, or a copy of it is
  // stale.
  static void refuse_strays(const std::string& shard, const Checkpoint& file,
                            const std::map<std::string, std::string>& weight_map) {
    for (const TensorInfo& tensor : file.tensors()) {
      const auto entry = weight_map.find(tensor.name);
      if (entry == weight_map.end())
        fail("{}: tensor {} is not in the index {}", file.description(), printable(tensor.name), kIndexFile);
      if (entry->second != shard)
        fail("{}: tensor {} comes twice: the index has it in {}", file.description(), printable(tensor.name),
             printable(entry->second));
    }
  }

  const fs::path directory_;
  std::map<std::string, CheckpointPtr> shards_;
  std::vector<TensorInfo> tensors_;
  std::vector<CheckpointPtr> sources_;  // of tensors_[i]
};

bool holds_pickled_weights(const fs::path& directory) {
  return std::ranges::any_of(fs::directory_iterator(directory), [](const fs::directory_entry& entry) {
    const std::string name = entry.path().filename().string();
    return name.starts_with("pytorch_model") && (name.ends_with(".bin") || name.ends_with(".bin.index.json"));
  });
}

// The command that converts them, with a value head in a file of its own.
std::string conversion_of(const fs::path& directory) {
  std::vector<PickledFiles> files{{"pytorch_model", "model"}};
  if (fs::exists(directory / kPickledHead)) files.push_back({"value_head", "value_head"});
  return conversion_command(directory, files);
}

[[noreturn]] void fail_no_weights(const fs::path& directory) {
  if (!fs::is_directory(directory)) fail("{}: not a directory", directory.string());
  if (holds_pickled_weights(directory))
    fail("{}: holds pickled weights only (pytorch_model.bin), which are not read; this converts them: {}",
         directory.string(), conversion_of(directory));
  fail("{}: holds neither {} nor {}{}", directory.string(), kSingleFile, kIndexFile, fetch_advice(directory));
}

}  // namespace

CheckpointPtr open_checkpoint(const fs::path& directory) {
  // Where both are there, transformers takes the single file.
  if (fs::exists(directory / kSingleFile)) return open_safetensors_file(directory / kSingleFile);
  if (fs::exists(directory / kIndexFile)) return std::make_shared<ShardedCheckpoint>(directory);
  fail_no_weights(directory);
}

}  // namespace vlrm
