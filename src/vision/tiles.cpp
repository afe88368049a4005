#include "vision/tiles.h"

#include "base/error.h"

namespace vlrm {

void cut_into_tiles(const Image& image, TileGrid grid, int64_t size, const PixelScale::Table& values,
                    std::span<float> tiles) {
  const int64_t area = size * size;
  VLRM_ASSERT(image.width == grid.columns * size && image.height == grid.rows * size &&
              std::ssize(tiles) == grid.count() * 3 * area);
  const uint8_t* rgb = image.rgb.data();
  for (int64_t y = 0; y < image.height; ++y)
    for (int64_t x = 0; x < image.width; ++x, rgb += 3) {
      const int64_t tile = y / size * grid.columns + x / size;
      float* red = tiles.data() + tile * 3 * area + y % size * size + x % size;
      for (int64_t color = 0; color < 3; ++color) red[color * area] = values[static_cast<size_t>(color)][rgb[color]];
    }
}

}  // namespace vlrm
