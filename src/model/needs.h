// What a model would need, before it is loaded.
#pragma once

#include <cstdint>

#include "model/backend.h"

namespace vlrm {

struct BackendNeeds {
  int64_t memory_limit = 0;  // bytes that there are for it
  int64_t weights = 0;       // of them, all in memory; streamed: two layers
  int64_t working = 0;       // beside the weights, for one image and a text of a few thousand tokens
  bool streamed = false;
  double operations_per_second = 0;  // of a large matrix product: measured in about 0.2 s
};

// Loads libvlrm_model on the first call, reads no weights. Throws as load_backend.
BackendNeeds backend_needs(const ModelConfig& config, const CheckpointPtr& checkpoint, const BackendOptions& options);

}  // namespace vlrm
