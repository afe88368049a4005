// Qwen2 and Qwen2.5 (Yang et al. 2024): a Llama whose q, k and v projections have biases.
#pragma once

#include "architecture/architecture.h"

namespace vlrm {

extern const Architecture kQwen2;

}  // namespace vlrm
