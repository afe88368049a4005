#include "vision/llava_processor.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "python/round.h"
#include "vision/resize.h"

namespace vlrm {
namespace {

constexpr double kShrunkFrom = 1.1;
constexpr int64_t kLargestSquare = int64_t{900} << 20;  // bytes: what decoding an image may take

// The size that shows most of the image's pixels; of several, the one that wastes the fewest.
TileGrid best_of(const std::vector<TileGrid>& grids, const Image& image, int64_t tile) {
  TileGrid best;
  int64_t most = 0, least_wasted = std::numeric_limits<int64_t>::max();
  for (const TileGrid& grid : grids) {
    const int64_t width = grid.columns * tile, height = grid.rows * tile;
    const double scale = std::min(static_cast<double>(width) / static_cast<double>(image.width),
                                  static_cast<double>(height) / static_cast<double>(image.height));
    const auto scaled = [&](int64_t side) { return static_cast<int64_t>(static_cast<double>(side) * scale); };
    const int64_t shown = std::min(scaled(image.width) * scaled(image.height), image.width * image.height),
                  wasted = width * height - shown;
    if (shown < most || (shown == most && wasted >= least_wasted)) continue;
    most = shown;
    least_wasted = wasted;
    best = grid;
  }
  return best;
}

Image on_canvas(const Image& image, int64_t width, int64_t height, std::array<uint8_t, 3> color) {
  Image canvas{width, height, std::vector<uint8_t>(static_cast<size_t>(width * height * 3))};
  for (size_t i = 0; i < canvas.rgb.size(); ++i) canvas.rgb[i] = color[i % 3];
  const int64_t left = (width - image.width) / 2, top = (height - image.height) / 2;
  for (int64_t y = 0; y < image.height; ++y)
    std::copy_n(image.rgb.begin() + y * image.width * 3, image.width * 3,
                canvas.rgb.begin() + ((top + y) * width + left) * 3);
  return canvas;
}

// As large as fits, its shape kept, in the middle of black.
Image padded_to(const Image& image, int64_t width, int64_t height) {
  const double by_width = static_cast<double>(width) / static_cast<double>(image.width),
               by_height = static_cast<double>(height) / static_cast<double>(image.height);
  const auto scaled = [](int64_t side, double scale, int64_t most) {
    return std::min(static_cast<int64_t>(std::ceil(static_cast<double>(side) * scale)), most);
  };
  const bool wide = by_width < by_height;
  const Image fitted = resized(image, wide ? width : scaled(image.width, by_height, width),
                               wide ? scaled(image.height, by_width, height) : height, Kernel::bicubic);
  return on_canvas(fitted, width, height, {});
}

// Of the tokens of all tiles, those that are not padding alone: what the model's code leaves.
void set_rows_and_columns(LlavaGrid& grid) {
  const int64_t rows = grid.tiles.rows * grid.side, columns = grid.tiles.columns * grid.side;
  const auto height = static_cast<double>(grid.height), width = static_cast<double>(grid.width);
  const auto unpadded = [](int64_t tokens, double image, double scale) {
    const auto used = static_cast<int64_t>(python::rounded(image * scale, 7));
    return tokens - (tokens - used) / 2 * 2;
  };
  grid.rows = rows;
  grid.columns = columns;
  if (width / height > static_cast<double>(columns) / static_cast<double>(rows))
    grid.rows = unpadded(rows, height, static_cast<double>(columns) / width);
  else
    grid.columns = unpadded(columns, width, static_cast<double>(rows) / height);
}

// a // b of Python, for positive numbers.
int64_t floor_quotient(double a, double b) {
  const double quotient = (a - std::fmod(a, b)) / b, floor = std::floor(quotient);
  return static_cast<int64_t>(quotient - floor > 0.5 ? floor + 1 : floor);
}

void shrink(LlavaGrid& grid, int64_t most_tiles) {
  const double ratio = std::sqrt(static_cast<double>(grid.rows * grid.columns) /
                                 static_cast<double>(most_tiles * grid.side * grid.side));
  if (!(ratio > kShrunkFrom)) return;
  grid.shrunk_rows = floor_quotient(static_cast<double>(grid.rows), ratio);
  grid.shrunk_columns = floor_quotient(static_cast<double>(grid.columns), ratio);
  if (grid.shrunk_rows == 0 || grid.shrunk_columns == 0)
    fail("an image of {} × {} pixels: nothing is left of {} by {} tokens that are shrunk to {} tiles", grid.width,
         grid.height, grid.columns, grid.rows, most_tiles);
}

}  // namespace

LlavaGrid LlavaGrid::of(const ProcessedImage& image) {
  const std::vector<int64_t>& of = image.grid;
  VLRM_ASSERT(of.size() == 9);
  return {{of[0], of[1]}, of[2], of[3], of[4], of[5], of[6], of[7], of[8]};
}

std::vector<int64_t> LlavaGrid::values() const {
  return {tiles.columns, tiles.rows, height, width, rows, columns, shrunk_rows, shrunk_columns, side};
}

std::unique_ptr<ImageProcessor> LlavaProcessor::among_several() const {
  return config_.squares_among_several ? std::make_unique<LlavaProcessor>(config_, true) : nullptr;
}

ProcessedImage LlavaProcessor::process(const Image& image) const {
  return as_square_ ? squared(image) : tiled(image);
}

ProcessedImage LlavaProcessor::tiled(const Image& image) const {
  const int64_t size = config_.tile_size;
  LlavaGrid grid{best_of(config_.grids, image, size), image.height, image.width};
  grid.side = size / config_.patch_size;
  set_rows_and_columns(grid);
  if (config_.most_tiles) shrink(grid, *config_.most_tiles);
  ProcessedImage result;
  result.grid = grid.values();
  const bool shrunk = grid.shrunk_rows > 0;
  const int64_t rows = shrunk ? grid.shrunk_rows : grid.rows, columns = shrunk ? grid.shrunk_columns : grid.columns;
  result.tokens = grid.side * grid.side + rows * (columns + 1);
  const auto of_tile = static_cast<size_t>(3 * size * size);
  result.pixels.resize(of_tile * static_cast<size_t>(1 + grid.tiles.count()));
  const std::span<float> pixels(result.pixels);
  const PixelScale::Table values = config_.scale.table();
  cut_into_tiles(resized(image, size, size, Kernel::bicubic), {1, 1}, size, values, pixels.first(of_tile));
  cut_into_tiles(padded_to(image, grid.tiles.columns * size, grid.tiles.rows * size), grid.tiles, size, values,
                 pixels.subspan(of_tile));
  return result;
}

ProcessedImage LlavaProcessor::squared(const Image& image) const {
  const int64_t size = config_.tile_size, side = std::max(image.width, image.height);
  if (3 * side * side > kLargestSquare)
    fail("an image of {} × {} pixels would take {} MiB as a square, which the model makes of each of several images",
         image.width, image.height, 3 * side * side >> 20);
  std::array<uint8_t, 3> mean;
  for (size_t color = 0; color < 3; ++color) mean[color] = static_cast<uint8_t>(config_.scale.mean[color] * 255);
  LlavaGrid grid{{0, 0}, image.height, image.width};
  grid.side = size / config_.patch_size;
  ProcessedImage result;
  result.grid = grid.values();
  result.tokens = grid.side * grid.side + 1;
  result.pixels.resize(static_cast<size_t>(3 * size * size));
  cut_into_tiles(resized(on_canvas(image, side, side, mean), size, size, Kernel::bicubic), {1, 1}, size,
                 config_.scale.table(), result.pixels);
  return result;
}

std::vector<ProcessedTensor> LlavaProcessor::tensors(std::span<const ProcessedImage> images) const {
  const auto count = std::ssize(images);
  const int64_t size = config_.tile_size, of_tile = 3 * size * size;
  int64_t most = 0;
  for (const ProcessedImage& image : images) most = std::max<int64_t>(most, std::ssize(image.pixels) / of_tile);
  std::vector<int64_t> sizes;
  std::vector<float> pixels(static_cast<size_t>(count * most * of_tile));
  for (int64_t i = 0; i < count; ++i) {
    const ProcessedImage& image = images[static_cast<size_t>(i)];
    const LlavaGrid grid = LlavaGrid::of(image);
    sizes.insert(sizes.end(), {grid.height, grid.width});
    std::ranges::copy(image.pixels, pixels.begin() + i * most * of_tile);
  }
  std::vector<ProcessedTensor> tensors{{"image_sizes", {count, 2}, std::move(sizes)},
                                       {"pixel_values", {count, most, 3, size, size}, std::move(pixels)}};
  if (config_.squares_among_several)
    tensors.insert(tensors.begin(), {"batch_num_images", {1}, std::vector<int64_t>{count}});
  return tensors;
}

}  // namespace vlrm
