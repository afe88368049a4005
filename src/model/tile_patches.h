// From the pixels of tiles to the rows that a projection of patches takes.
#pragma once

#include "model/aten.h"

namespace vlrm {

// Pixels [tiles, 3, side · patch + rest, …], of which the rest is left out → [tiles · side², 3 · patch²], row by row.
at::Tensor tile_patches(const at::Tensor& pixels, int64_t side, int64_t patch);

}  // namespace vlrm
