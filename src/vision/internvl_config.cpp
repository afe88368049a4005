#include "base/error.h"
#include "vision/internvl_processor.h"
#include "vision/processor_settings.h"

namespace vlrm {
namespace {

constexpr int64_t kLargestTileSide = 4096, kMostTilesOfImage = 128, kMostTileTokens = 1 << 16;
constexpr int64_t kMostPixelsOfTiles = int64_t{1} << 25;  // of all tiles of an image; published models have 2.6 million

}  // namespace

InternVlProcessorConfig InternVlProcessorConfig::from_directory(const std::filesystem::path& directory) {
  const auto [settings, source] = read_processor_settings(directory);
  const auto file = directory / "processor_config.json";
  const Json processor = std::filesystem::exists(file) ? read_json_or_throw(file) : Json::object();
  return from_settings(settings, source, processor, printable(file.string()));
}

InternVlProcessorConfig InternVlProcessorConfig::from_settings(const Json& settings, const std::string& source,
                                                               const Json& processor,
                                                               const std::string& processor_source) {
  if (!settings.is_object()) fail("{}: not a JSON object", source);
  check_processor_steps(settings, source,
                        {"GotOcr2ImageProcessor", "InternVL's", {"do_resize", "do_convert_rgb"}, 3, "bicubic"});
  InternVlProcessorConfig config;
  if (settings.contains("size")) {
    const auto size = required_field<Json>(settings, "size", source);
    const std::string inside = source + ", \"size\"";
    config.tile_size = whole_within(size, "height", config.tile_size, kLargestTileSide, inside);
    if (whole_within(size, "width", config.tile_size, kLargestTileSide, inside) != config.tile_size)
      fail("{}: \"size\" is not a square", source);
  }
  config.least_tiles = whole_within(settings, "min_patches", config.least_tiles, kMostTilesOfImage, source);
  config.most_tiles = whole_within(settings, "max_patches", config.most_tiles, kMostTilesOfImage, source);
  if (config.least_tiles > config.most_tiles)
    fail("{}: images of at least {} tiles and at most {} do not exist", source, config.least_tiles, config.most_tiles);
  if (config.most_tiles + 1 > kMostPixelsOfTiles / (config.tile_size * config.tile_size))
    fail("{}: {} tiles of {} x {} pixels are more than {} pixels", source, config.most_tiles, config.tile_size,
         config.tile_size, kMostPixelsOfTiles);
  config.tile_tokens =
      whole_within(processor, "image_seq_length", config.tile_tokens, kMostTileTokens, processor_source);
  config.scale = PixelScale::clip().changed_by(settings, source);
  return config;
}

}  // namespace vlrm
