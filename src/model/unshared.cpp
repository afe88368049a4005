#include "model/unshared.h"

#include <algorithm>

namespace vlrm {

bool shares_wrongly(const TextConfig& config, const SharedPrefixBatch& batch) {
  if (!config.rope_scaling || config.rope_scaling->type != RopeType::dynamic || batch.continuations.size() < 2)
    return false;
  const auto longest = std::ranges::max(batch.continuations, {}, &std::vector<int32_t>::size).size();
  return static_cast<int64_t>(batch.prefix.size() + longest) > config.rope_scaling->original_max_position_embeddings;
}

Unshared::Unshared(const TextConfig& config, std::span<const SharedPrefixBatch> batches,
                   const std::vector<std::vector<int64_t>>& positions)
    : count_(batches.size()) {
  for (size_t i = 0; i < batches.size(); ++i) {
    const SharedPrefixBatch& batch = batches[i];
    if (!shares_wrongly(config, batch)) {
      batches_.push_back(batch);
      positions_.push_back(positions[i]);
      origins_.push_back(i);
      continue;
    }
    for (size_t j = 0; j < batch.continuations.size(); ++j) {
      batches_.push_back({batch.images, batch.prefix, {batch.continuations[j]}});
      positions_.push_back({positions[i][j]});
      origins_.push_back(i);
    }
  }
}

}  // namespace vlrm
