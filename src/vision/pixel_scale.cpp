#include "vision/pixel_scale.h"

#include "base/error.h"

namespace vlrm {
namespace {

// "image_mean": three numbers, or one for all colours.
std::vector<double> per_color(const Json& settings, const std::string& key, const std::vector<double>& fallback,
                              const std::string& source) {
  const auto found = settings.find(key);
  if (!fallback.empty() && (found == settings.end() || found->is_null())) return fallback;
  if (found != settings.end() && found->is_number())
    return std::vector<double>(3, required_field<double>(settings, key, source));
  auto values = required_field<std::vector<double>>(settings, key, source);
  if (values.size() != 3) fail("{}: \"{}\" has {} numbers, not one for each of 3 colours", source, key, values.size());
  return values;
}

}  // namespace

PixelScale PixelScale::clip() {
  PixelScale scale;
  scale.mean = {0.48145466, 0.4578275, 0.40821073};
  scale.std = {0.26862954, 0.26130258, 0.27577711};
  return scale;
}

PixelScale PixelScale::changed_by(const Json& settings, const std::string& source) const {
  PixelScale scale = *this;
  scale.do_rescale = optional_field<bool>(settings, "do_rescale", true, source);
  scale.rescale_factor = optional_field<double>(settings, "rescale_factor", scale.rescale_factor, source);
  scale.do_normalize = optional_field<bool>(settings, "do_normalize", true, source);
  if (!scale.do_normalize) return scale;
  scale.mean = per_color(settings, "image_mean", scale.mean, source);
  scale.std = per_color(settings, "image_std", scale.std, source);
  for (const double deviation : scale.std)
    if (deviation == 0) fail("{}: \"image_std\" has a zero, which nothing can be divided by", source);
  return scale;
}

PixelScale::Table PixelScale::table() const {
  Table table;
  for (size_t c = 0; c < 3; ++c)
    for (size_t byte = 0; byte < 256; ++byte) {
      auto value = static_cast<float>(byte);
      if (do_rescale) value = static_cast<float>(static_cast<double>(byte) * rescale_factor);
      if (do_normalize) value = (value - static_cast<float>(mean[c])) / static_cast<float>(std[c]);
      table[c][byte] = value;
    }
  return table;
}

}  // namespace vlrm
