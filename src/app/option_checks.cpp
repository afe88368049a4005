#include "app/option_checks.h"

#include "base/error.h"

namespace vlrm {

void require_at_least(const std::string& option, int64_t value, int64_t least) {
  if (value < least) throw OptionError(option, fmt::format("must be at least {}, not {}", least, value));
}

void require_texts(int64_t texts) {
  constexpr int64_t kMost = 1'000'000;
  if (texts < 1 || texts > kMost) throw OptionError("texts", fmt::format("must be from 1 to {}, not {}", kMost, texts));
}

void require_limit(const std::optional<int64_t>& limit) {
  require_at_least("limit", limit.value_or(1), 1);
}

void refuse_numbers(const MethodOptions& options, const std::string& option, const std::string& why) {
  const bool has_numbers = options.weight || options.weight_vlm || options.weight_rm || options.density ||
                           options.normalize || options.rescale;
  if (!options.method.empty() || has_numbers) throw OptionError(option, why);
}

void require_named(const std::string& option, const std::string& name) {
  if (name.empty()) throw OptionError(option, "is missing");
}

ModelFiles named_model(const std::string& option, const std::string& name) {
  require_named(option, name);
  return resolve_model(name);
}

}  // namespace vlrm
