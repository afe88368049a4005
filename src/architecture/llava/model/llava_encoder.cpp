#include "architecture/llava/model/llava_encoder.h"

#include <algorithm>

#include "base/error.h"

namespace vlrm {
namespace {

// Features of the tiles [tiles, side², width] as those of one image [rows, columns, width], without those of padding,
// and shrunk where the processor said so.
at::Tensor laid_out(const at::Tensor& tiles, const LlavaGrid& grid) {
  const at::Tensor whole = tiles.view({grid.tiles.rows, grid.tiles.columns, grid.side, grid.side, -1})
                               .permute({0, 2, 1, 3, 4})
                               .reshape({grid.tiles.rows * grid.side, grid.tiles.columns * grid.side, tiles.size(-1)});
  at::Tensor image = whole.narrow(0, (whole.size(0) - grid.rows) / 2, grid.rows)
                         .narrow(1, (whole.size(1) - grid.columns) / 2, grid.columns);
  if (grid.shrunk_rows == 0) return image;
  return at::upsample_bilinear2d(image.permute({2, 0, 1}).unsqueeze(0), {grid.shrunk_rows, grid.shrunk_columns}, false)
      .squeeze(0)
      .permute({1, 2, 0});
}

}  // namespace

struct LlavaEncoder::Projector {
  TileProjection projection;
  at::Tensor newline;

  Projector(const WeightReader& reader, const LlavaVision& config, int64_t output_size)
      : projection(reader, config.hidden_size, output_size), newline(reader.vector("image_newline", {output_size})) {}

  // [image.tokens, width]: the whole image, and then its tiles row by row, each with a newline at its end.
  at::Tensor operator()(const at::Tensor& states, const LlavaGrid& grid) const {
    const at::Tensor features =
        projection(states.reshape({-1, states.size(-1)})).view({states.size(0), states.size(1), -1});
    const at::Tensor whole = features[0];
    const int64_t tiles = features.size(0) - 1, width = features.size(2);
    if (tiles == 0) return at::cat({whole, newline.view({1, width})});
    const at::Tensor image = laid_out(features.narrow(0, 1, tiles), grid);
    const at::Tensor ends = newline.expand({image.size(0), 1, width});
    return at::cat({whole, at::cat({image, ends}, 1).view({-1, width})});
  }
};

LlavaEncoder::LlavaEncoder(Parts& parts, const LlavaVision& config, int64_t output_size)
    : TileEncoder(parts, config), config_(config), output_size_(output_size) {
  projector_ = parts.add<Projector>([=](const WeightReader& reader) { return Projector(reader, config, output_size); });
}

// Of the tokens of a tile all may be left out but those of the whole image.
int64_t LlavaEncoder::states_per_row() const {
  return output_size_ + 2 * config_.positions() * config_.hidden_size / (config_.side() * config_.side()) + 1;
}

void LlavaEncoder::check(const ProcessedImage& image) const {
  const LlavaGrid grid = LlavaGrid::of(image);
  const int64_t size = config_.tile_size, pixels = (1 + grid.tiles.count()) * 3 * size * size;
  if (std::ssize(image.pixels) != pixels || grid.side != config_.side())
    fail(
        "an image was cut into tiles of another size than the {} pixels, {} patches in a row, that the model takes: "
        "preprocessor_config.json and config.json do not belong together",
        size, config_.side());
  const auto is_its = [&](const TileGrid& known) {
    return known.columns == grid.tiles.columns && known.rows == grid.tiles.rows;
  };
  if (grid.tiles.count() > 0 && !config_.grids.empty() && std::ranges::none_of(config_.grids, is_its))
    fail(
        "an image was cut into {} by {} tiles, which \"image_grid_pinpoints\" of config.json does not have: it and "
        "preprocessor_config.json do not belong together",
        grid.tiles.columns, grid.tiles.rows);
}

std::vector<at::Tensor> LlavaEncoder::encode(std::span<const ProcessedImage* const> images) const {
  for (const ProcessedImage* image : images) check(*image);
  std::vector<at::Tensor> features = tower_.states(images);
  const auto projector = parts_.use(projector_);
  for (size_t i = 0; i < images.size(); ++i) features[i] = (*projector)(features[i], LlavaGrid::of(*images[i]));
  return features;
}

}  // namespace vlrm
