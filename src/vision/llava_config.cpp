#include "base/error.h"
#include "vision/llava_processor.h"
#include "vision/processor_settings.h"

namespace vlrm {
namespace {

constexpr int64_t kLargestLlavaTile = 4096, kMostSizes = 256;
constexpr int64_t kMostLlavaPixels = int64_t{1} << 25;  // of all tiles of an image; published models have 5.4 million
constexpr std::string_view kOneVision = "LlavaOnevisionImageProcessor";

using Sizes = std::vector<std::vector<int64_t>>;  // heights and widths

Sizes default_sizes(std::string_view type) {
  if (type != kOneVision) return {{336, 672}, {672, 336}, {672, 672}, {1008, 336}, {336, 1008}};
  constexpr int64_t kTile = 384, kMostInARow = 6;
  Sizes sizes;
  for (int64_t rows = 1; rows <= kMostInARow; ++rows)
    for (int64_t columns = 1; columns <= kMostInARow; ++columns) sizes.push_back({rows * kTile, columns * kTile});
  return sizes;
}

// "size" and "crop_size" say the side of a tile, each in one of two forms, and must agree.
int64_t read_tile_size(const Json& settings, int64_t fallback, const std::string& source) {
  std::optional<int64_t> side;
  for (const char* key : {"size", "crop_size"}) {
    const auto found = settings.find(key);
    if (found == settings.end() || found->is_null()) continue;
    const std::string inside = fmt::format("{}, \"{}\"", source, key);
    for (const char* name : {"shortest_edge", "height", "width"}) {
      const auto value = optional_field<int64_t>(*found, name, side.value_or(fallback), inside);
      if (value < 1 || value > kLargestLlavaTile || (side && value != *side))
        fail("{}: \"{}\" is {}; tiles are squares of one size within 1 and {}", inside, name, value, kLargestLlavaTile);
      if (found->contains(name)) side = value;
    }
  }
  return side.value_or(fallback);
}

std::vector<TileGrid> read_grids(const Json& settings, int64_t tile, std::string_view type, const std::string& source) {
  const std::string key = "image_grid_pinpoints";
  const auto sizes = optional_field<Sizes>(settings, key, default_sizes(type), source);
  if (sizes.empty() || std::ssize(sizes) > kMostSizes)
    fail("{}: \"{}\" has {} sizes, not between 1 and {}", source, key, sizes.size(), kMostSizes);
  std::vector<TileGrid> grids;
  for (const std::vector<int64_t>& size : sizes) {
    if (size.size() != 2) fail("{}: \"{}\" must be pairs of heights and widths", source, key);
    const int64_t height = size[0], width = size[1];
    if (height < tile || width < tile || height % tile != 0 || width % tile != 0 ||
        height / tile + 1 > kMostLlavaPixels / tile / width)
      fail("{}: \"{}\" has {} × {} pixels, which are not whole tiles of {}, or more than {} pixels", source, key,
           height, width, tile, kMostLlavaPixels);
    grids.push_back({width / tile, height / tile});
  }
  return grids;
}

// "anyres_max_N", of the model's config.json or the processor's file.
std::optional<int64_t> read_most_tiles(const Json& json, const std::string& source) {
  constexpr std::string_view kPrefix = "anyres_max_";
  const auto text = optional_field<std::string>(json, "vision_aspect_ratio", "anyres_max_9", source);
  const std::string number = text.starts_with(kPrefix) ? text.substr(kPrefix.size()) : "";
  if (number.empty() || number.size() > 3 || number.find_first_not_of("0123456789") != number.npos || number == "0")
    fail("{}: \"vision_aspect_ratio\" is \"{}\"; only anyres_max_N is supported", source, printable(text));
  return std::stoll(number);
}

// What the model makes of a tile, from its config.json, or from what the processor keeps of it.
void read_model_side(const std::filesystem::path& directory, std::string_view type, LlavaProcessorConfig& config) {
  for (const char* name : {"config.json", "processor_config.json"}) {
    const auto file = directory / name;
    if (!std::filesystem::exists(file)) continue;
    const std::string source = printable(file.string());
    const Json json = read_json_or_throw(file);
    const bool of_model = json.contains("vision_config");
    config.patch_size =
        optional_field<int64_t>(of_model ? json.at("vision_config") : json, "patch_size", config.patch_size, source);
    if (config.patch_size < 1 || config.patch_size > config.tile_size)
      fail("{}: \"patch_size\" is {}, not within 1 and the {} pixels of a tile", source, config.patch_size,
           config.tile_size);
    if (type == kOneVision) config.most_tiles = read_most_tiles(json, source);
    return;
  }
}

}  // namespace

LlavaProcessorConfig LlavaProcessorConfig::from_directory(const std::filesystem::path& directory,
                                                          std::string_view type) {
  const auto [settings, source] = read_processor_settings(directory);
  if (!settings.is_object()) fail("{}: not a JSON object", source);
  check_processor_steps(settings, source, {type, "LLaVA's", {"do_resize", "do_convert_rgb", "do_pad"}, 3, "bicubic"});
  LlavaProcessorConfig config;
  config.squares_among_several = type == kOneVision;
  if (config.squares_among_several) config.most_tiles = 9;
  config.tile_size = read_tile_size(settings, type == kOneVision ? 384 : 224, source);
  config.grids = read_grids(settings, config.tile_size, type, source);
  read_model_side(directory, type, config);
  config.scale = PixelScale::clip().changed_by(settings, source);
  for (const double mean : config.scale.mean)
    if (config.squares_among_several && !(mean >= 0 && mean <= 1))
      fail("{}: \"image_mean\" is {}, which is not a colour between 0 and 1", source, mean);
  return config;
}

}  // namespace vlrm
