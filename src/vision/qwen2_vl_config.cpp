#include "base/error.h"
#include "vision/processor_settings.h"
#include "vision/qwen2_vl_processor.h"

namespace vlrm {
namespace {

constexpr int64_t kMostPixels = int64_t{1} << 25;  // of all frames of an image, as in the largest published models
constexpr int64_t kLargestPatch = 64, kMostMerged = 8, kMostFrames = 8, kBicubic = 3;

int64_t count_within(const Json& object, const std::string& key, int64_t fallback, int64_t limit,
                     const std::string& source) {
  const auto value = optional_field<int64_t>(object, key, fallback, source);
  if (value < 1 || value > limit) fail("{}: \"{}\" is {}, not within 1 and {}", source, key, value, limit);
  return value;
}

void check_processor(const Json& settings, const std::string& source) {
  const auto type = optional_field<std::string>(settings, "image_processor_type", "Qwen2VLImageProcessor", source);
  if (!type.starts_with("Qwen2VLImageProcessor"))
    fail("{}: \"image_processor_type\" is \"{}\"; only Qwen2VLImageProcessor is supported", source, printable(type));
  for (const char* step : {"do_resize", "do_convert_rgb"})
    if (!optional_field<bool>(settings, step, true, source))
      fail("{}: \"{}\" is false; Qwen's images cannot do without it", source, step);
  const auto resample = optional_field<int64_t>(settings, "resample", kBicubic, source);
  if (resample != kBicubic) fail("{}: \"resample\" is {}; only {} (bicubic) is supported", source, resample, kBicubic);
}

// Areas, whatever their names say. Older files hold them as min_pixels and max_pixels, which win.
void read_areas(const Json& settings, const std::string& source, Qwen2VlProcessorConfig& config) {
  const std::string size = "size", inside = source + ", \"size\"";
  if (const auto areas = settings.find(size); areas != settings.end() && !areas->is_null()) {
    required_field<int64_t>(*areas, "shortest_edge", inside);
    required_field<int64_t>(*areas, "longest_edge", inside);
    config.min_pixels = count_within(*areas, "shortest_edge", 0, kMostPixels, inside);
    config.max_pixels = count_within(*areas, "longest_edge", 0, kMostPixels, inside);
  }
  config.min_pixels = count_within(settings, "min_pixels", config.min_pixels, kMostPixels, source);
  config.max_pixels = count_within(settings, "max_pixels", config.max_pixels, kMostPixels, source);
  if (config.min_pixels > config.max_pixels)
    fail("{}: images of at least {} pixels and at most {} do not exist", source, config.min_pixels, config.max_pixels);
}

}  // namespace

Qwen2VlProcessorConfig Qwen2VlProcessorConfig::from_directory(const std::filesystem::path& directory) {
  const auto [settings, source] = read_processor_settings(directory);
  if (!settings.is_object()) fail("{}: not a JSON object", source);
  check_processor(settings, source);
  Qwen2VlProcessorConfig config;
  config.patch_size = count_within(settings, "patch_size", config.patch_size, kLargestPatch, source);
  config.merge_size = count_within(settings, "merge_size", config.merge_size, kMostMerged, source);
  config.frames = count_within(settings, "temporal_patch_size", config.frames, kMostFrames, source);
  read_areas(settings, source, config);
  if (config.max_pixels > kMostPixels / config.frames)
    fail("{}: images of {} pixels in {} frames are larger than {} pixels", source, config.max_pixels, config.frames,
         kMostPixels);
  config.scale = PixelScale::clip().changed_by(settings, source);
  return config;
}

Qwen2VlProcessorConfig Qwen2VlProcessorConfig::within(const PixelLimits& limits) const {
  for (const auto& [name, value] : {std::pair("min_pixels", limits.least), std::pair("max_pixels", limits.most)})
    if (value && (*value < 1 || *value > kMostPixels))
      fail("`{}`: {} is not within 1 and {}", name, *value, kMostPixels);
  Qwen2VlProcessorConfig config = *this;
  config.min_pixels = limits.least.value_or(min_pixels);
  config.max_pixels = limits.most.value_or(max_pixels);
  if (config.min_pixels > config.max_pixels)
    fail("`{}`: images of at least {} pixels and at most {} do not exist; give `min_pixels` and `max_pixels`",
         limits.most ? "max_pixels" : "min_pixels", config.min_pixels, config.max_pixels);
  return config;
}

}  // namespace vlrm
