// Other programs, run for what they print.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace vlrm {

struct CommandResult {
  int exit_code = 0;  // 128 + n where signal n ended it
  std::string output;
  std::string errors;  // the last 64 KiB or more that it wrote to standard error, where they are kept
};

enum class CommandErrors { shown, dropped, kept };  // what it writes to standard error

// Runs `words`, the first of which is looked for on PATH, without input, and waits for its end. Nothing where it cannot
// be started. Throws Error where it prints more than `limit` bytes, which ends it, and Interrupted where the listener
// asks for that. `meanwhile` is called about ten times a second; what it throws ends the program, too.
std::optional<CommandResult> run_command(const std::vector<std::string>& words, CommandErrors errors,
                                         size_t limit = 1 << 20, const std::function<void()>& meanwhile = {});

}  // namespace vlrm
