#include "app/option_checks.h"

#include "base/error.h"

namespace vlrm {

void require_at_least(const std::string& option, int64_t value, int64_t least) {
  if (value < least) throw OptionError(option, fmt::format("must be at least {}, not {}", least, value));
}

void require_named(const std::string& option, const std::string& name) {
  if (name.empty()) throw OptionError(option, "is missing");
}

ModelFiles named_model(const std::string& option, const std::string& name) {
  require_named(option, name);
  return resolve_model(name);
}

}  // namespace vlrm
