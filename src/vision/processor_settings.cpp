#include "vision/processor_settings.h"

#include "base/error.h"

namespace vlrm {

ProcessorSettings read_processor_settings(const std::filesystem::path& directory) {
  const auto own = directory / "preprocessor_config.json", shared = directory / "processor_config.json";
  const std::string key = "image_processor";
  if (std::filesystem::exists(shared)) {
    Json json = read_json_or_throw(shared);
    if (json.is_object() && json.contains(key))
      return {std::move(json[key]), fmt::format("{}, \"{}\"", printable(shared.string()), key)};
    if (!std::filesystem::exists(own))
      fail("{}: has no \"{}\", and there is no preprocessor_config.json next to it", printable(shared.string()), key);
  }
  return {read_json_or_throw(own), printable(own.string())};
}

}  // namespace vlrm
