// From an image to what Mllama's vision tower takes: resized, padded, cut into tiles, normalised.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "vision/image_processor.h"
#include "vision/pixel_scale.h"

namespace vlrm {

struct MllamaProcessorConfig {
  int64_t tile_size = 560;  // pixels, square
  int64_t max_tiles = 4;
  PixelScale scale;

  // From processor_config.json's "image_processor", else from preprocessor_config.json. Throws Error naming the field
  // that is missing, malformed or not supported.
  static MllamaProcessorConfig from_directory(const std::filesystem::path& directory);
};

// What ProcessedImage::grid says of an image of Mllama, whose pixels are [tiles, 3, tile_size, tile_size]: only the
// tiles that exist, as the others are zeros by definition.
struct MllamaGrid {
  int64_t tiles = 0;            // 1 … max_tiles
  int64_t aspect_ratio_id = 0;  // 1-based position in the list of supported (rows, columns)
  int64_t tile_size = 0, max_tiles = 0;

  static MllamaGrid of(const ProcessedImage& image);
  std::vector<int64_t> values() const { return {tiles, aspect_ratio_id, tile_size, max_tiles}; }
};

// As transformers' MllamaImageProcessor with Pillow's fixed-point bilinear resize; images that it fails for (one pixel
// high, or so thin that nothing is left of them) work here.
class MllamaProcessor final : public ImageProcessor {
 public:
  explicit MllamaProcessor(MllamaProcessorConfig config) : config_(std::move(config)) {}
  ProcessedImage process(const Image& image) const override;
  // aspect_ratio_ids, aspect_ratio_mask, num_tiles and pixel_values, with zeros for the tiles that do not exist.
  std::vector<ProcessedTensor> tensors(std::span<const ProcessedImage> images) const override;

 private:
  MllamaProcessorConfig config_;
};

}  // namespace vlrm
