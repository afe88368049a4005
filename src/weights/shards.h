// Which tensor goes to which file of a saved checkpoint.
#pragma once

#include <string>
#include <vector>

#include "weights/checkpoint.h"

namespace vlrm {

struct Shard {
  std::string file_name;
  std::vector<TensorInfo> tensors;  // in the order of their bytes: widest type first, so that all are aligned
};

// Fills shards in the order of `tensors` as Hugging Face does: a shard is closed by the tensor that would make it
// larger than `max_shard_bytes`; a tensor that is larger by itself gets a shard of its own. One shard is
// model.safetensors.
std::vector<Shard> plan_shards(const std::vector<TensorInfo>& tensors, int64_t max_shard_bytes);

// model.safetensors.index.json of several shards.
std::string index_json(const std::vector<Shard>& shards);

}  // namespace vlrm
