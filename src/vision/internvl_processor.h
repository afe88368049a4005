// From an image to what InternVL's vision transformer takes: tiles of one size, and the whole image once more.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/json.h"
#include "vision/image_processor.h"
#include "vision/pixel_scale.h"

namespace vlrm {

struct InternVlProcessorConfig {
  int64_t tile_size = 384;                   // pixels, square
  int64_t least_tiles = 1, most_tiles = 12;  // of an image, beside the whole
  int64_t tile_tokens = 256;                 // placeholder tokens that stand for a tile
  PixelScale scale;

  // From processor_config.json's "image_processor", else from preprocessor_config.json; what they leave out is as in
  // the reference's class. "crop_to_patches" does not count, which the reference's processor sets itself. Throws Error
  // naming the field that is malformed or not supported.
  static InternVlProcessorConfig from_directory(const std::filesystem::path& directory);
  // The same of the contents of the two files, each with what errors call it.
  static InternVlProcessorConfig from_settings(const Json& settings, const std::string& source, const Json& processor,
                                               const std::string& processor_source);
};

// The meaning of ProcessedImage::grid. Pixels are [tiles, 3, tile size, tile size]; if an image has several tiles, the
// last one shows all of it.
struct InternVlGrid {
  int64_t tiles = 0, tile_size = 0;

  static InternVlGrid of(const ProcessedImage& image);
  std::vector<int64_t> values() const { return {tiles, tile_size}; }
};

// As transformers' GotOcr2ImageProcessor does it with Pillow (in 5: GotOcr2ImageProcessorPil), called by
// InternVLProcessor.
class InternVlProcessor final : public ImageProcessor {
 public:
  explicit InternVlProcessor(InternVlProcessorConfig config) : config_(std::move(config)) {}
  ProcessedImage process(const Image& image) const override;
  DecodeOptions::Alpha alpha() const override { return DecodeOptions::Alpha::drop; }
  // num_patches, which are tiles, and pixel_values of the tiles of all images.
  std::vector<ProcessedTensor> tensors(std::span<const ProcessedImage> images) const override;

 private:
  InternVlProcessorConfig config_;
};

}  // namespace vlrm
