// Qwen3 (Yang et al. 2025): a Llama that normalises each head's queries and keys before they are rotated.
#pragma once

#include "architecture/architecture.h"

namespace vlrm {

extern const Architecture kQwen3;

}  // namespace vlrm
