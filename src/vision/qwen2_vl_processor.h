// From an image to what the vision encoders of Qwen2-VL and its successors take: resized to whole blocks of patches,
// normalised, cut into patches.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "vision/image_processor.h"
#include "vision/pixel_scale.h"

namespace vlrm {

struct Qwen2VlProcessorConfig {
  int64_t patch_size = 14, merge_size = 2;  // a block of merge_size² patches is one token
  int64_t frames = 2;                       // temporal_patch_size: how often a patch holds the one image
  int64_t min_pixels = 56 * 56, max_pixels = 28 * 28 * 1280;  // of a resized image
  PixelScale scale;

  // From processor_config.json's "image_processor", else from preprocessor_config.json; what they leave out is as in
  // the reference's class. Throws Error naming the field that is malformed or not supported.
  static Qwen2VlProcessorConfig from_directory(const std::filesystem::path& directory);
  // The same with other limits; throws Error as ImageProcessor::within.
  Qwen2VlProcessorConfig within(const PixelLimits& limits) const;
};

// What ProcessedImage::grid says: how many patches there are, and how they were cut. Pixels are [patches, 3, patch
// size, patch size], the patches of a block next to each other; a patch's frames are all the same, and kept once.
struct Qwen2VlGrid {
  int64_t rows = 0, columns = 0, patch_size = 0, merge_size = 0;

  static Qwen2VlGrid of(const ProcessedImage& image);
  std::vector<int64_t> values() const { return {rows, columns, patch_size, merge_size}; }
};

// As transformers' Qwen2VLImageProcessor does it with Pillow (in 5: Qwen2VLImageProcessorPil).
class Qwen2VlProcessor final : public ImageProcessor {
 public:
  explicit Qwen2VlProcessor(Qwen2VlProcessorConfig config) : config_(std::move(config)) {}
  std::unique_ptr<ImageProcessor> within(const PixelLimits& limits) const override {
    return std::make_unique<Qwen2VlProcessor>(config_.within(limits));
  }
  // Throws Error for an image that is more than 200 times as long as it is wide, or as wide as it is long.
  ProcessedImage process(const Image& image) const override;
  DecodeOptions::Alpha alpha() const override { return DecodeOptions::Alpha::drop; }
  // image_grid_thw and pixel_values, which hold each frame.
  std::vector<ProcessedTensor> tensors(std::span<const ProcessedImage> images) const override;

 private:
  Qwen2VlProcessorConfig config_;
};

}  // namespace vlrm
