// Qwen3-VL (Bai et al. 2025), dense: a Qwen3 whose text holds what a vision encoder makes of images in the place of
// placeholder tokens, once before its first layer and, from earlier layers of the encoder, again behind each of the
// first few (DeepStack, Meng et al. 2024).
#pragma once

#include "architecture/architecture.h"

namespace vlrm {

extern const Architecture kQwen3Vl;

}  // namespace vlrm
