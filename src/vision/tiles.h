// Cutting images into square tiles.
#pragma once

#include <cstdint>
#include <span>

#include "vision/image.h"
#include "vision/pixel_scale.h"

namespace vlrm {

struct TileGrid {
  int64_t columns = 1, rows = 1;
  int64_t count() const { return columns * rows; }
};

// From an image of grid.columns · size by grid.rows · size pixels to tiles [count, 3, size, size], row by row.
void cut_into_tiles(const Image& image, TileGrid grid, int64_t size, const PixelScale::Table& values,
                    std::span<float> tiles);

}  // namespace vlrm
