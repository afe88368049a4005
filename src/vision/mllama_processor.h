// From an image to what Mllama's vision tower takes: resized, padded, cut into tiles, normalised.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "vision/image.h"

namespace vlrm {

struct MllamaProcessorConfig {
  int64_t tile_size = 560;  // pixels, square
  int64_t max_tiles = 4;
  double rescale_factor = 1.0 / 255;
  bool do_rescale = true, do_normalize = true;
  std::vector<double> mean, std;  // 3 each

  // From processor_config.json's "image_processor", else from preprocessor_config.json. Throws Error naming the field
  // that is missing, malformed or not supported.
  static MllamaProcessorConfig from_directory(const std::filesystem::path& directory);
};

// One image, ready for the model. Only the tiles that exist: the others are zeros by definition.
struct TiledImage {
  int64_t tiles = 0;            // 1 … max_tiles
  int64_t aspect_ratio_id = 0;  // 1-based position in the list of supported (rows, columns)
  int64_t tile_size = 0, max_tiles = 0;
  std::vector<float> pixels;  // [tiles, 3, tile_size, tile_size]
  std::string digest = {};    // of what it was made of: equal for equal images; empty where nobody computed it
};

// As transformers' MllamaImageProcessor with Pillow's fixed-point bilinear resize; images that it fails for (one pixel
// high, or so thin that nothing is left of them) work here. Thread-safe.
TiledImage preprocess(const Image& image, const MllamaProcessorConfig& config);

}  // namespace vlrm
