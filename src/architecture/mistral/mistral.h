// Mistral (Jiang et al. 2023) without its sliding window: a Llama under another name.
#pragma once

#include "architecture/architecture.h"

namespace vlrm {

extern const Architecture kMistral;

}  // namespace vlrm
