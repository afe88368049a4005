// Qwen2.5-VL (Bai et al. 2025): Qwen2-VL with a vision encoder in which most layers see an image through windows.
#pragma once

#include "architecture/architecture.h"

namespace vlrm {

extern const Architecture kQwen2_5Vl;

}  // namespace vlrm
