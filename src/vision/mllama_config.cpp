#include "base/error.h"
#include "vision/mllama_processor.h"
#include "vision/processor_settings.h"

namespace vlrm {
namespace {

constexpr int64_t kMaxTileSize = 8192, kMaxTiles = 64;
constexpr int64_t kMostTilePixels = int64_t{1} << 25;  // of all tiles; published models have 1.3 million

int64_t within(const Json& object, const std::string& key, int64_t limit, const std::string& source) {
  const auto value = required_field<int64_t>(object, key, source);
  if (value < 1 || value > limit) fail("{}: \"{}\" is {}, not within 1 and {}", source, key, value, limit);
  return value;
}

}  // namespace

MllamaProcessorConfig MllamaProcessorConfig::from_directory(const std::filesystem::path& directory) {
  const auto [json, source] = read_processor_settings(directory);
  check_processor_steps(json, source,
                        {"MllamaImageProcessor", "Mllama's", {"do_resize", "do_pad", "do_convert_rgb"}, 2, "bilinear"});
  MllamaProcessorConfig config;
  const auto size = required_field<Json>(json, "size", source);
  config.tile_size = within(size, "height", kMaxTileSize, source + ", \"size\"");
  if (within(size, "width", kMaxTileSize, source + ", \"size\"") != config.tile_size)
    fail("{}: \"size\" is not a square", source);
  config.max_tiles = within(json, "max_image_tiles", kMaxTiles, source);
  if (config.max_tiles > kMostTilePixels / (config.tile_size * config.tile_size))
    fail("{}: {} tiles of {} x {} pixels are more than {} pixels", source, config.max_tiles, config.tile_size,
         config.tile_size, kMostTilePixels);
  config.scale = PixelScale().changed_by(json, source);
  return config;
}

}  // namespace vlrm
