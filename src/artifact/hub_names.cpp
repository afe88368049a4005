#include "artifact/hub_names.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"

namespace vlrm {

bool is_hub_id(const std::string& name) {
  std::error_code error;
  return std::ranges::count(name, '/') == 1 && name.front() != '/' && name.front() != '.' &&
         !std::filesystem::exists(name, error);
}

std::string hub_repository(const std::string& name) {
  return name.substr(0, name.find_first_of("@+"));
}

std::string hub_link(const std::string& name) {
  if (!is_hub_id(name)) return "`" + name + "`";
  return fmt::format("[{}](https://huggingface.co/{})", name, hub_repository(name));
}

}  // namespace vlrm
