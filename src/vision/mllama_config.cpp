#include "base/error.h"
#include "vision/mllama_processor.h"
#include "vision/processor_settings.h"

namespace vlrm {
namespace {

constexpr int64_t kMaxTileSize = 8192, kMaxTiles = 64, kBilinear = 2;

// "image_mean": three numbers, or one for all colours.
std::vector<double> per_color(const Json& config, const std::string& key, const std::string& source) {
  const bool is_one = config.is_object() && config.contains(key) && config[key].is_number();
  if (is_one) return std::vector<double>(3, required_field<double>(config, key, source));
  auto values = required_field<std::vector<double>>(config, key, source);
  if (values.size() != 3) fail("{}: \"{}\" has {} numbers, not one for each of 3 colours", source, key, values.size());
  return values;
}

int64_t within(const Json& object, const std::string& key, int64_t limit, const std::string& source) {
  const auto value = required_field<int64_t>(object, key, source);
  if (value < 1 || value > limit) fail("{}: \"{}\" is {}, not within 1 and {}", source, key, value, limit);
  return value;
}

// Steps that the reference's processor cannot do without either.
void check_steps(const Json& config, const std::string& source) {
  const auto type = optional_field<std::string>(config, "image_processor_type", "MllamaImageProcessor", source);
  if (!type.starts_with("MllamaImageProcessor"))
    fail("{}: \"image_processor_type\" is \"{}\"; only MllamaImageProcessor is supported", source, printable(type));
  for (const char* step : {"do_resize", "do_pad", "do_convert_rgb"})
    if (!optional_field<bool>(config, step, true, source))
      fail("{}: \"{}\" is false; Mllama's images cannot do without it", source, step);
  const auto resample = optional_field<int64_t>(config, "resample", kBilinear, source);
  if (resample != kBilinear)
    fail("{}: \"resample\" is {}; only {} (bilinear) is supported", source, resample, kBilinear);
}

}  // namespace

MllamaProcessorConfig MllamaProcessorConfig::from_directory(const std::filesystem::path& directory) {
  const auto [json, source] = read_processor_settings(directory);
  check_steps(json, source);
  MllamaProcessorConfig config;
  const auto size = required_field<Json>(json, "size", source);
  config.tile_size = within(size, "height", kMaxTileSize, source + ", \"size\"");
  if (within(size, "width", kMaxTileSize, source + ", \"size\"") != config.tile_size)
    fail("{}: \"size\" is not a square", source);
  config.max_tiles = within(json, "max_image_tiles", kMaxTiles, source);
  config.do_rescale = optional_field<bool>(json, "do_rescale", true, source);
  config.rescale_factor = optional_field<double>(json, "rescale_factor", config.rescale_factor, source);
  config.do_normalize = optional_field<bool>(json, "do_normalize", true, source);
  if (config.do_normalize) {
    config.mean = per_color(json, "image_mean", source);
    config.std = per_color(json, "image_std", source);
    for (const double deviation : config.std)
      if (deviation == 0) fail("{}: \"image_std\" has a zero, which nothing can be divided by", source);
  }
  return config;
}

}  // namespace vlrm
