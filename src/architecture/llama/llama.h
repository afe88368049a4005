// Llama (Touvron et al. 2023; Grattafiori et al. 2024): a text model.
#pragma once

#include "architecture/architecture.h"

namespace vlrm {

extern const Architecture kLlama;

}  // namespace vlrm
