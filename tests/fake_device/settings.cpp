#include "settings.h"

#include <cstdlib>

namespace fake_device {
namespace {

std::string value_of(const char* name) {
  const char* found = std::getenv(name);
  return found ? found : "";
}

Settings from_environment() {
  Settings result;
  if (const std::string memory = value_of("FAKE_DEVICE_MEMORY"); !memory.empty()) result.memory = std::stoll(memory);
  result.dry = value_of("FAKE_DEVICE_DRY") == "1";
  result.report = value_of("FAKE_DEVICE_REPORT");
  result.trace = value_of("FAKE_DEVICE_TRACE") == "1";
  return result;
}

}  // namespace

const Settings& settings() {
  static const auto* read = new Settings(from_environment());  // never freed: the report at exit needs it
  return *read;
}

}  // namespace fake_device
