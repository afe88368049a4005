#include "merge/layer_names.h"

#include <charconv>
#include <string_view>

#include "base/json.h"

namespace vlrm {

std::optional<LayerInName> find_layer(const std::string& name) {
  constexpr std::string_view kLayers = "layers.";
  size_t begin = name.find(kLayers);
  if (begin == std::string::npos || (begin > 0 && name[begin - 1] != '.')) return std::nullopt;
  begin += kLayers.size();
  int64_t layer = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + begin, end, layer);
  if (error != std::errc() || stop == end || *stop != '.' || layer < 0 || layer >= json_limits::kRepeats)
    return std::nullopt;
  return LayerInName{layer, begin, static_cast<size_t>(stop - name.data())};
}

std::string with_layer(const std::string& name, const LayerInName& place, int64_t layer) {
  return name.substr(0, place.begin) + std::to_string(layer) + name.substr(place.end);
}

}  // namespace vlrm
