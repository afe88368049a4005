#include "vision/internvl_processor.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "vision/resize.h"
#include "vision/tiles.h"

namespace vlrm {
namespace {

// In order of how many tiles there are, and of columns where these are as many.
std::vector<TileGrid> grids_of(const InternVlProcessorConfig& config) {
  std::vector<TileGrid> grids;
  for (int64_t columns = 1; columns <= config.most_tiles; ++columns)
    for (int64_t rows = 1; rows <= config.most_tiles / columns; ++rows)
      if (columns * rows >= config.least_tiles) grids.push_back({columns, rows});
  std::ranges::stable_sort(grids, {}, &TileGrid::count);
  return grids;
}

// The one whose shape is nearest to the image's; of equally near ones, a larger one takes the place of a smaller one
// where the image has more than half of its pixels. Compared in floating point, as in the reference.
TileGrid nearest_grid(const Image& image, const InternVlProcessorConfig& config) {
  const double shape = static_cast<double>(image.width) / static_cast<double>(image.height);
  const auto area = static_cast<double>(image.width * image.height);
  const auto tile = static_cast<double>(config.tile_size * config.tile_size);
  double nearest = std::numeric_limits<double>::infinity();
  TileGrid best{1, 1};
  for (const TileGrid& grid : grids_of(config)) {
    const double distance = std::abs(shape - static_cast<double>(grid.columns) / static_cast<double>(grid.rows));
    const bool large_enough = area > 0.5 * tile * static_cast<double>(grid.count());
    if (distance < nearest || (distance == nearest && large_enough)) best = grid;
    nearest = std::min(nearest, distance);
  }
  return best;
}

}  // namespace

InternVlGrid InternVlGrid::of(const ProcessedImage& image) {
  VLRM_ASSERT(image.grid.size() == 2);
  return {image.grid[0], image.grid[1]};
}

ProcessedImage InternVlProcessor::process(const Image& image) const {
  const TileGrid grid = config_.most_tiles > 1 ? nearest_grid(image, config_) : TileGrid{1, 1};
  const int64_t size = config_.tile_size, tiles = grid.count() > 1 ? grid.count() + 1 : 1;
  ProcessedImage result;
  result.grid = InternVlGrid{tiles, size}.values();
  result.tokens = tiles * config_.tile_tokens;
  result.pixels.resize(static_cast<size_t>(tiles * 3 * size * size));
  const PixelScale::Table values = config_.scale.table();
  const std::span<float> pixels(result.pixels);
  const auto cut_count = static_cast<size_t>(grid.count() * 3 * size * size);
  const auto resize = [&](TileGrid shape) {
    return resized(image, shape.columns * size, shape.rows * size, Kernel::bicubic);
  };
  cut_into_tiles(resize(grid), grid, size, values, pixels.first(cut_count));
  if (tiles > 1) cut_into_tiles(resize({1, 1}), {1, 1}, size, values, pixels.subspan(cut_count));
  return result;
}

std::vector<ProcessedTensor> InternVlProcessor::tensors(std::span<const ProcessedImage> images) const {
  std::vector<int64_t> counts;
  std::vector<float> pixels;
  int64_t tiles = 0;
  for (const ProcessedImage& image : images) {
    counts.push_back(InternVlGrid::of(image).tiles);
    tiles += counts.back();
    pixels.insert(pixels.end(), image.pixels.begin(), image.pixels.end());
  }
  return {{"num_patches", {std::ssize(images)}, std::move(counts)},
          {"pixel_values", {tiles, 3, config_.tile_size, config_.tile_size}, std::move(pixels)}};
}

}  // namespace vlrm
