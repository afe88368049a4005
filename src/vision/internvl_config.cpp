#include "base/error.h"
#include "vision/internvl_processor.h"
#include "vision/processor_settings.h"

namespace vlrm {
namespace {

constexpr int64_t kLargestTileSide = 4096, kMostTilesOfImage = 128, kMostTileTokens = 1 << 16;
constexpr int64_t kMostPixelsOfTiles = int64_t{1} << 25;  // of all tiles of an image; published models have 2.6 million

int64_t whole_within(const Json& object, const std::string& key, int64_t fallback, int64_t limit,
                     const std::string& source) {
  const auto value = optional_field<int64_t>(object, key, fallback, source);
  if (value < 1 || value > limit) fail("{}: \"{}\" is {}, not within 1 and {}", source, key, value, limit);
  return value;
}

void check_internvl_steps(const Json& settings, const std::string& source) {
  constexpr int64_t kBicubicFilter = 3;
  const auto type = optional_field<std::string>(settings, "image_processor_type", "GotOcr2ImageProcessor", source);
  if (!type.starts_with("GotOcr2ImageProcessor"))
    fail("{}: \"image_processor_type\" is \"{}\"; only GotOcr2ImageProcessor is supported", source, printable(type));
  for (const char* step : {"do_resize", "do_convert_rgb"})
    if (!optional_field<bool>(settings, step, true, source))
      fail("{}: \"{}\" is false; InternVL's images cannot do without it", source, step);
  const auto resample = optional_field<int64_t>(settings, "resample", kBicubicFilter, source);
  if (resample != kBicubicFilter)
    fail("{}: \"resample\" is {}; only {} (bicubic) is supported", source, resample, kBicubicFilter);
}

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
  check_internvl_steps(settings, source);
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
