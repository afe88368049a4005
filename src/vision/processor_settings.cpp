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

void check_processor_steps(const Json& settings, const std::string& source, const ProcessorSteps& needed) {
  const auto type = optional_field<std::string>(settings, "image_processor_type", std::string(needed.type), source);
  if (!type.starts_with(needed.type))
    fail("{}: \"image_processor_type\" is \"{}\"; only {} is supported", source, printable(type), needed.type);
  for (const char* step : needed.steps)
    if (!optional_field<bool>(settings, step, true, source))
      fail("{}: \"{}\" is false; {} images cannot do without it", source, step, needed.images);
  const auto resample = optional_field<int64_t>(settings, "resample", needed.filter, source);
  if (resample != needed.filter)
    fail("{}: \"resample\" is {}; only {} ({}) is supported", source, resample, needed.filter, needed.filter_name);
}

int64_t whole_within(const Json& object, const std::string& key, int64_t fallback, int64_t limit,
                     const std::string& source) {
  const auto value = optional_field<int64_t>(object, key, fallback, source);
  if (value < 1 || value > limit) fail("{}: \"{}\" is {}, not within 1 and {}", source, key, value, limit);
  return value;
}

}  // namespace vlrm
