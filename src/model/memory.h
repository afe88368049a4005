// How much memory there is to work with.
#pragma once

#include "model/precision.h"

namespace vlrm {

// Bytes that this process may still take: what the machine (or its control group, or an address-space limit) has free,
// or the GPU.
int64_t available_memory(const at::Device& device);

}  // namespace vlrm
