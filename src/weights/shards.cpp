#include "weights/shards.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/error.h"
#include "base/json.h"

namespace vlrm {

std::vector<Shard> plan_shards(const std::vector<TensorInfo>& tensors, int64_t max_shard_bytes) {
  std::vector<Shard> shards;
  Shard current;
  int64_t current_bytes = 0;
  for (const TensorInfo& tensor : tensors) {
    const int64_t bytes = tensor.bytes();
    if (bytes > max_shard_bytes) {
      shards.push_back({"", {tensor}});
      continue;
    }
    if (bytes > max_shard_bytes - current_bytes) {
      shards.push_back(std::exchange(current, {}));
      current_bytes = 0;
    }
    current.tensors.push_back(tensor);
    current_bytes += bytes;
  }
  if (!current.tensors.empty() || shards.empty()) shards.push_back(std::move(current));
  for (size_t i = 0; i < shards.size(); ++i) {
    shards[i].file_name = shards.size() == 1 ? "model.safetensors"
                                             : fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size());
    std::ranges::stable_sort(shards[i].tensors, std::greater(), [](const TensorInfo& t) { return size_of(t.dtype); });
  }
  return shards;
}

std::string index_json(const std::vector<Shard>& shards) {
  Json index{{"metadata", {{"total_size", 0}}}, {"weight_map", Json::object()}};
  int64_t total = 0;
  for (const Shard& shard : shards) {
    for (const TensorInfo& tensor : shard.tensors) {
      index["weight_map"][tensor.name] = shard.file_name;
      total += tensor.bytes();
    }
  }
  index["metadata"]["total_size"] = total;
  return index.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace vlrm
