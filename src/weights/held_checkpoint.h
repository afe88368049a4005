// A checkpoint whose tensors were read before they are needed.
#pragma once

#include <functional>

#include "weights/checkpoint.h"

namespace vlrm {

using WantedTensor = std::function<bool(const TensorInfo&)>;

// What `held_in_memory` takes.
int64_t bytes_held(const Checkpoint& checkpoint, const WantedTensor& wanted);

// The same tensors as `source`, of which the wanted ones are in memory, as the type that `source` gives them: reading
// them again touches no file and computes no merge. Reads with all threads. Throws what reading `source` throws.
CheckpointPtr held_in_memory(CheckpointPtr source, const WantedTensor& wanted);

}  // namespace vlrm
