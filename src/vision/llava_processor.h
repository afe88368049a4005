// From an image to what the vision transformers of LLaVA-NeXT and LLaVA-OneVision take: the whole image squeezed into a
// tile, and tiles of it at the nearest of a list of sizes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "vision/image_processor.h"
#include "vision/pixel_scale.h"
#include "vision/tiles.h"

namespace vlrm {

struct LlavaProcessorConfig {
  int64_t tile_size = 336;             // pixels, square
  int64_t patch_size = 14;             // pixels of a token in a tile
  std::vector<TileGrid> grids;         // sizes that an image may get, in tiles, in the order written
  std::optional<int64_t> most_tiles;   // whose tokens an image is shrunk to, where it has more of them
  bool squares_among_several = false;  // an image of several is padded to a square, and is one tile
  PixelScale scale;

  // Of the class that a family names, without an ending. From processor_config.json's "image_processor", else from
  // preprocessor_config.json; what they leave out is as in the class. The size of a patch is config.json's. Throws
  // Error naming the field that is malformed or not supported.
  static LlavaProcessorConfig from_directory(const std::filesystem::path& directory, std::string_view type);
};

// What ProcessedImage::grid says; pixels are [1 + tiles, 3, tile size, tile size], the whole image first.
struct LlavaGrid {
  TileGrid tiles;                 // 0 by 0: the whole image alone
  int64_t height = 0, width = 0;  // of the image that was processed, pixels
  // How many tokens of the tiles show the image rather than its black borders; and how many remain if these are too
  // many and are shrunk (else 0).
  int64_t rows = 0, columns = 0, shrunk_rows = 0, shrunk_columns = 0;
  int64_t side = 0;  // tokens of a tile in a row

  static LlavaGrid of(const ProcessedImage& image);
  std::vector<int64_t> values() const;
};

// As transformers' LlavaNextImageProcessor and LlavaOnevisionImageProcessor do it with Pillow (in 5: …Pil). Among
// several images, LLaVA-OneVision's are processed as transformers' chat templates call for it.
class LlavaProcessor final : public ImageProcessor {
 public:
  explicit LlavaProcessor(LlavaProcessorConfig config, bool as_square = false)
      : config_(std::move(config)), as_square_(as_square) {}
  std::unique_ptr<ImageProcessor> among_several() const override;
  // Throws Error for an image that would be too large a square, or of which nothing would be left.
  ProcessedImage process(const Image& image) const override;
  DecodeOptions::Alpha alpha() const override { return DecodeOptions::Alpha::drop; }
  // image_sizes and pixel_values, with zeros for tiles that an image has fewer than another one; of the second class
  // batch_num_images too.
  std::vector<ProcessedTensor> tensors(std::span<const ProcessedImage> images) const override;

 private:
  ProcessedImage tiled(const Image& image) const;
  ProcessedImage squared(const Image& image) const;

  LlavaProcessorConfig config_;
  bool as_square_;
};

}  // namespace vlrm
