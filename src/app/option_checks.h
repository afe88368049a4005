// Checks of options that several use cases have. Each throws OptionError naming the field.
#pragma once

#include <vlrm/error.h>
#include <vlrm/method.h>

#include <cstdint>
#include <optional>
#include <string>

#include "weights/model_files.h"

namespace vlrm {

// Unless the value is `least` or above.
void require_at_least(const std::string& option, int64_t value, int64_t least);
// Of a number of texts to write, each of which has a seed of its own.
void require_texts(int64_t texts);
// Of a limit, where there is one.
void require_limit(const std::optional<int64_t>& limit);
// Unless it names something.
void require_named(const std::string& option, const std::string& name);
// The model that it names; throws what resolve_model throws, too.
ModelFiles named_model(const std::string& option, const std::string& name);

// Where no method is to be named, none and no numbers of one may be: `option` is the one that has no use for them.
void refuse_numbers(const MethodOptions& options, const std::string& option, const std::string& why);

// What `work` throws as an Error is the option's, unless it is one of the machine, which another try may not meet.
template <class Work>
void naming_option(const char* option, const Work& work) try {
  work();
} catch (const Error& error) {
  if (error.exit_code() != kExitBadInput) throw;
  throw OptionError(option, error.what());
}

}  // namespace vlrm
