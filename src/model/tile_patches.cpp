#include "model/tile_patches.h"

namespace vlrm {

at::Tensor tile_patches(const at::Tensor& pixels, int64_t side, int64_t patch) {
  return pixels.narrow(2, 0, side * patch)
      .narrow(3, 0, side * patch)
      .unflatten(3, {side, patch})
      .unflatten(2, {side, patch})
      .permute({0, 2, 4, 1, 3, 5})
      .reshape({pixels.size(0) * side * side, pixels.size(1) * patch * patch});
}

}  // namespace vlrm
