#include "architecture/internvl/model/internvl_encoder.h"

#include "base/error.h"
#include "vision/internvl_processor.h"

namespace vlrm {
namespace {

constexpr double kProjectorNormEpsilon = 1e-5;

// States [tiles, side², width] → [tokens, merge size² · width]: the patches of a square behind each other, row by row.
at::Tensor merged(const at::Tensor& states, const InternVlVision& config) {
  const int64_t merge = config.merge_size, side = config.side() / merge;
  return states.unflatten(1, {side, merge, side, merge})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({-1, config.merged_size()});
}

}  // namespace

struct InternVlEncoder::Projector {
  VisionNorm norm;
  TileProjection projection;

  Projector(const WeightReader& reader, const InternVlVision& config, int64_t output_size)
      : norm(reader, NormKind::layer, std::string(kTileProjector) + "layer_norm", config.merged_size(),
             kProjectorNormEpsilon),
        projection(reader, config.merged_size(), output_size) {}
};

InternVlEncoder::InternVlEncoder(Parts& parts, const InternVlVision& config, int64_t output_size)
    : TileEncoder(parts, config), config_(config), output_size_(output_size) {
  projector_ = parts.add<Projector>([=](const WeightReader& reader) { return Projector(reader, config, output_size); });
}

int64_t InternVlEncoder::states_per_row() const {
  return output_size_ + config_.positions() * config_.hidden_size / config_.tile_tokens() + 1;
}

void InternVlEncoder::check(const ProcessedImage& image) const {
  const InternVlGrid grid = InternVlGrid::of(image);
  const int64_t tokens = config_.tile_tokens(), pixels = grid.tiles * 3 * grid.tile_size * grid.tile_size;
  if (grid.tile_size != config_.tile_size || grid.tiles < 1 || std::ssize(image.pixels) != pixels)
    fail(
        "an image was cut into tiles of {} pixels, but the model takes tiles of {}: preprocessor_config.json and "
        "config.json do not belong together",
        grid.tile_size, config_.tile_size);
  if (image.tokens != grid.tiles * tokens)
    fail(
        "\"image_seq_length\" of processor_config.json gives a tile {} tokens, but the model makes {} of it: it and "
        "config.json do not belong together",
        image.tokens / grid.tiles, tokens);
}

std::vector<at::Tensor> InternVlEncoder::encode(std::span<const ProcessedImage* const> images) const {
  for (const ProcessedImage* image : images) check(*image);
  std::vector<at::Tensor> features = tower_.states(images);
  const auto projector = parts_.use(projector_);
  for (at::Tensor& image : features) image = projector->projection(projector->norm(merged(image, config_)));
  return features;
}

}  // namespace vlrm
