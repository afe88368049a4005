#include "vision/mllama_processor.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "vision/resize.h"

namespace vlrm {
namespace {

struct Grid {
  int64_t rows, columns;
};

// In the order that aspect ratio ids count them in.
std::vector<Grid> supported_grids(int64_t max_tiles) {
  std::vector<Grid> grids;
  for (int64_t rows = 1; rows <= max_tiles; ++rows)
    for (int64_t columns = 1; rows * columns <= max_tiles; ++columns) grids.push_back({rows, columns});
  return grids;
}

// The index of the grid that enlarges the image least or, where it fits none, reduces it least; of equals the first
// one, which has the fewest tiles.
size_t best_grid(const std::vector<Grid>& grids, const Image& image, int64_t tile_size) {
  const auto scale = [&](const Grid& grid) {
    const double vertical = static_cast<double>(grid.rows * tile_size) / static_cast<double>(image.height);
    const double horizontal = static_cast<double>(grid.columns * tile_size) / static_cast<double>(image.width);
    return std::min(vertical, horizontal);
  };
  const auto is_better = [&](const Grid& a, const Grid& b) {
    const double scale_a = scale(a), scale_b = scale(b);
    if ((scale_a >= 1) != (scale_b >= 1)) return scale_a >= 1;
    return scale_a >= 1 ? scale_a < scale_b : scale_a > scale_b;
  };
  return static_cast<size_t>(std::min_element(grids.begin(), grids.end(), is_better) - grids.begin());
}

struct Size {
  int64_t width, height;
};

// As large as fits the canvas without distortion, but no side is enlarged beyond the larger of itself and a tile. Of a
// very thin image at least a line is left, where the reference fails.
Size size_on_canvas(const Image& image, int64_t canvas_width, int64_t canvas_height, int64_t tile_size) {
  const int64_t width = std::clamp(image.width, tile_size, canvas_width);
  const int64_t height = std::clamp(image.height, tile_size, canvas_height);
  const double vertical = static_cast<double>(height) / static_cast<double>(image.height);
  const double horizontal = static_cast<double>(width) / static_cast<double>(image.width);
  const auto scaled = [](int64_t side, double scale) {
    return std::max<int64_t>(1, static_cast<int64_t>(std::floor(static_cast<double>(side) * scale)));
  };
  if (horizontal < vertical) return {width, std::min(scaled(image.height, horizontal), height)};
  return {std::min(scaled(image.width, vertical), width), height};
}

// The reference guesses which axis of an array holds the colours, and takes three rows for three colours. Scores have
// to equal its scores, so an image of that height is turned as it sees it: pixel (x, y), colour c ← pixel (y, c),
// colour x.
Image with_colors_in_rows(const Image& image) {
  Image result{3, image.width, std::vector<uint8_t>(image.rgb.size())};
  for (int64_t y = 0; y < result.height; ++y)
    for (int64_t x = 0; x < 3; ++x)
      for (int64_t c = 0; c < 3; ++c)
        result.rgb[static_cast<size_t>((y * 3 + x) * 3 + c)] =
            image.rgb[static_cast<size_t>((c * image.width + y) * 3 + x)];
  return result;
}

// The part of one image row that falls into one row of a tile: `count` pixels, then padding.
void fill_tile_row(const uint8_t* rgb, int64_t count, const PixelScale::Table& values, float* red, int64_t tile_size) {
  const int64_t area = tile_size * tile_size;
  float *green = red + area, *blue = green + area;
  for (int64_t x = 0; x < count; ++x, rgb += 3) {
    red[x] = values[0][rgb[0]];
    green[x] = values[1][rgb[1]];
    blue[x] = values[2][rgb[2]];
  }
  std::fill(red + count, red + tile_size, values[0][0]);
  std::fill(green + count, green + tile_size, values[1][0]);
  std::fill(blue + count, blue + tile_size, values[2][0]);
}

// Cuts the image, padded with black at the right and below, into tiles, row by row.
void cut_into_tiles(const Image& image, Grid grid, const PixelScale::Table& values, int64_t tile_size,
                    ProcessedImage& out) {
  for (int64_t y = 0; y < grid.rows * tile_size; ++y)
    for (int64_t column = 0; column < grid.columns; ++column) {
      const int64_t tile = y / tile_size * grid.columns + column, left = column * tile_size;
      const int64_t count = y < image.height ? std::clamp<int64_t>(image.width - left, 0, tile_size) : 0;
      const uint8_t* source = count > 0 ? image.rgb.data() + (y * image.width + left) * 3 : nullptr;
      float* row = out.pixels.data() + (tile * 3 * tile_size + y % tile_size) * tile_size;
      fill_tile_row(source, count, values, row, tile_size);
    }
}

ProcessedImage tiled(const Image& image, const MllamaProcessorConfig& config) {
  const std::vector<Grid> grids = supported_grids(config.max_tiles);
  const size_t chosen = best_grid(grids, image, config.tile_size);
  const Grid grid = grids[chosen];
  const Size size =
      size_on_canvas(image, grid.columns * config.tile_size, grid.rows * config.tile_size, config.tile_size);
  const MllamaGrid tiles{grid.rows * grid.columns, static_cast<int64_t>(chosen) + 1, config.tile_size,
                         config.max_tiles};
  ProcessedImage result;
  result.grid = tiles.values();
  result.pixels.resize(static_cast<size_t>(tiles.tiles * 3 * config.tile_size * config.tile_size));
  cut_into_tiles(resized(image, size.width, size.height), grid, config.scale.table(), config.tile_size, result);
  return result;
}

}  // namespace

MllamaGrid MllamaGrid::of(const ProcessedImage& image) {
  VLRM_ASSERT(image.grid.size() == 4);
  return {image.grid[0], image.grid[1], image.grid[2], image.grid[3]};
}

ProcessedImage MllamaProcessor::process(const Image& image) const {
  constexpr int64_t kColors = 3;
  if (image.height == kColors) return tiled(with_colors_in_rows(image), config_);
  return tiled(image, config_);
}

std::vector<ProcessedTensor> MllamaProcessor::tensors(std::span<const ProcessedImage> images) const {
  const auto count = std::ssize(images);
  const int64_t tiles = config_.max_tiles, size = config_.tile_size, image_pixels = tiles * 3 * size * size;
  std::vector<int64_t> ratios, mask(static_cast<size_t>(count * tiles)), numbers;
  std::vector<float> pixels(static_cast<size_t>(count * image_pixels));
  for (int64_t i = 0; i < count; ++i) {
    const ProcessedImage& image = images[static_cast<size_t>(i)];
    const MllamaGrid grid = MllamaGrid::of(image);
    ratios.push_back(grid.aspect_ratio_id);
    numbers.push_back(grid.tiles);
    std::fill_n(mask.begin() + i * tiles, grid.tiles, 1);
    std::ranges::copy(image.pixels, pixels.begin() + i * image_pixels);
  }
  return {{"aspect_ratio_ids", {1, count}, std::move(ratios)},
          {"aspect_ratio_mask", {1, count, tiles}, std::move(mask)},
          {"num_tiles", {1, count}, std::move(numbers)},
          {"pixel_values", {1, count, tiles, 3, size, size}, std::move(pixels)}};
}

}  // namespace vlrm
