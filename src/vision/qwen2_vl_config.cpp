#include "base/error.h"
#include "vision/processor_settings.h"
#include "vision/qwen2_vl_processor.h"

namespace vlrm {
namespace {

constexpr int64_t kMostPixels = int64_t{1} << 25;  // of all frames of an image, as in the largest published models
constexpr int64_t kLargestPatch = 64, kMostMerged = 8, kMostFrames = 8;

// The largest area that images may be resized to, in a file as by an option.
int64_t most_pixels(const Qwen2VlProcessorConfig& config) {
  return kMostPixels / config.frames;
}

// An area of "size", whatever its name says. Older files hold it as `own_name`, which wins; those of transformers 4.45
// to 4.48 have that name inside "size" too, where it is not read.
int64_t read_area(const Json& settings, const std::string& edge, const std::string& own_name, int64_t fallback,
                  int64_t limit, const std::string& source) {
  const auto size = settings.find("size");
  const bool has_own = settings.contains(own_name) && !settings.at(own_name).is_null();
  const bool without = size == settings.end() || size->is_null();
  const bool of_own = !without && has_own && size->is_object() && !size->contains(edge);
  if (!without && !of_own) {
    const std::string inside = source + ", \"size\"";
    required_field<int64_t>(*size, edge, inside);
    fallback = whole_within(*size, edge, 0, limit, inside);
  }
  return whole_within(settings, own_name, fallback, limit, source);
}

void read_areas(const Json& settings, const std::string& source, Qwen2VlProcessorConfig& config) {
  const int64_t limit = most_pixels(config);
  config.min_pixels = read_area(settings, "shortest_edge", "min_pixels", config.min_pixels, limit, source);
  config.max_pixels = read_area(settings, "longest_edge", "max_pixels", config.max_pixels, limit, source);
  if (config.min_pixels > config.max_pixels)
    fail("{}: images of at least {} pixels and at most {} do not exist", source, config.min_pixels, config.max_pixels);
}

}  // namespace

Qwen2VlProcessorConfig Qwen2VlProcessorConfig::from_directory(const std::filesystem::path& directory) {
  const auto [settings, source] = read_processor_settings(directory);
  if (!settings.is_object()) fail("{}: not a JSON object", source);
  check_processor_steps(settings, source,
                        {"Qwen2VLImageProcessor", "Qwen's", {"do_resize", "do_convert_rgb"}, 3, "bicubic"});
  Qwen2VlProcessorConfig config;
  config.patch_size = whole_within(settings, "patch_size", config.patch_size, kLargestPatch, source);
  config.merge_size = whole_within(settings, "merge_size", config.merge_size, kMostMerged, source);
  config.frames = whole_within(settings, "temporal_patch_size", config.frames, kMostFrames, source);
  read_areas(settings, source, config);
  config.scale = PixelScale::clip().changed_by(settings, source);
  return config;
}

Qwen2VlProcessorConfig Qwen2VlProcessorConfig::within(const PixelLimits& limits) const {
  for (const auto& [name, value] : {std::pair("min_pixels", limits.least), std::pair("max_pixels", limits.most)})
    if (value && (*value < 1 || *value > most_pixels(*this)))
      fail("`{}`: {} is not within 1 and {}", name, *value, most_pixels(*this));
  Qwen2VlProcessorConfig config = *this;
  config.min_pixels = limits.least.value_or(min_pixels);
  config.max_pixels = limits.most.value_or(max_pixels);
  if (config.min_pixels > config.max_pixels)
    fail("`{}`: images of at least {} pixels and at most {} do not exist; give `min_pixels` and `max_pixels`",
         limits.most ? "max_pixels" : "min_pixels", config.min_pixels, config.max_pixels);
  return config;
}

}  // namespace vlrm
