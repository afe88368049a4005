// The gate of a gated feed-forward part, on a CPU.
#pragma once

#include <cstdint>

namespace vlrm {

// gate[i] = gate[i] / (1 + exp(-gate[i])) · up[i]. What becomes of an element depends on nothing else, to the last bit:
// libtorch's silu takes the last elements of each thread's share in another way than the rest.
void multiply_by_silu(float* gate, const float* up, int64_t count);

}  // namespace vlrm
