#include "vision/qwen2_vl_processor.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "vision/resize.h"

namespace vlrm {
namespace {

constexpr int64_t kMostElongated = 200;

struct WholeBlocks {
  int64_t width, height;
};

// Each side is rounded to blocks, halves to even. Where that gives an area beyond the limits, the sides that the image
// itself had are scaled to the limit. Every step is one of floating point, as in the reference.
WholeBlocks size_in_blocks(const Image& image, const Qwen2VlProcessorConfig& config) {
  const int64_t block = config.patch_size * config.merge_size;
  const auto side = static_cast<double>(block), height = static_cast<double>(image.height),
             width = static_cast<double>(image.width);
  const auto blocks = [&](double count) { return static_cast<int64_t>(count) * block; };
  WholeBlocks size{blocks(std::nearbyint(width / side)), blocks(std::nearbyint(height / side))};
  if (size.width * size.height > config.max_pixels) {
    const double beta = std::sqrt(height * width / static_cast<double>(config.max_pixels));
    size.height = std::max(block, blocks(std::floor(height / beta / side)));
    size.width = std::max(block, blocks(std::floor(width / beta / side)));
  } else if (size.width * size.height < config.min_pixels) {
    const double beta = std::sqrt(static_cast<double>(config.min_pixels) / (height * width));
    size.height = blocks(std::ceil(height * beta / side));
    size.width = blocks(std::ceil(width * beta / side));
  }
  return size;
}

void fill_patch(const Image& image, int64_t left, int64_t top, int64_t size, const PixelScale::Table& values,
                float* patch) {
  for (int64_t y = 0; y < size; ++y) {
    const uint8_t* rgb = image.rgb.data() + ((top + y) * image.width + left) * 3;
    for (int64_t x = 0; x < size; ++x, rgb += 3)
      for (size_t c = 0; c < 3; ++c) patch[(static_cast<int64_t>(c) * size + y) * size + x] = values[c][rgb[c]];
  }
}

}  // namespace

Qwen2VlGrid Qwen2VlGrid::of(const ProcessedImage& image) {
  VLRM_ASSERT(image.grid.size() == 4);
  return {image.grid[0], image.grid[1], image.grid[2], image.grid[3]};
}

ProcessedImage Qwen2VlProcessor::process(const Image& image) const {
  const auto [shorter, longer] = std::minmax(image.width, image.height);
  if (longer > kMostElongated * shorter)
    fail("an image of {} × {} pixels: one side is more than {} times the other, which the model's processor refuses",
         image.width, image.height, kMostElongated);
  const WholeBlocks size = size_in_blocks(image, config_);
  const Image whole = resized(image, size.width, size.height, Kernel::bicubic);
  const int64_t patch = config_.patch_size, merge = config_.merge_size, pixels = 3 * patch * patch;
  const Qwen2VlGrid grid{size.height / patch, size.width / patch, patch, merge};
  ProcessedImage result;
  result.grid = grid.values();
  result.tokens = grid.rows * grid.columns / (merge * merge);
  result.columns = grid.columns / merge;
  result.pixels.resize(static_cast<size_t>(grid.rows * grid.columns * pixels));
  const PixelScale::Table values = config_.scale.table();
  float* next = result.pixels.data();
  for (int64_t block = 0; block < result.tokens; ++block)
    for (int64_t i = 0; i < merge * merge; ++i, next += pixels) {
      const int64_t row = block / result.columns * merge + i / merge,
                    column = block % result.columns * merge + i % merge;
      fill_patch(whole, column * patch, row * patch, patch, values, next);
    }
  return result;
}

std::vector<ProcessedTensor> Qwen2VlProcessor::tensors(std::span<const ProcessedImage> images) const {
  const int64_t area = config_.patch_size * config_.patch_size, width = 3 * config_.frames * area;
  std::vector<int64_t> grids;
  std::vector<float> pixels;
  for (const ProcessedImage& image : images) {
    const Qwen2VlGrid grid = Qwen2VlGrid::of(image);
    grids.insert(grids.end(), {1, grid.rows, grid.columns});
    for (auto color = image.pixels.begin(); color != image.pixels.end(); color += area)
      for (int64_t frame = 0; frame < config_.frames; ++frame) pixels.insert(pixels.end(), color, color + area);
  }
  const int64_t patches = std::ssize(pixels) / width;
  return {{"image_grid_thw", {std::ssize(images), 3}, std::move(grids)},
          {"pixel_values", {patches, width}, std::move(pixels)}};
}

}  // namespace vlrm
