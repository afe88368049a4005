// Other programs, run for what they print.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace vlrm {

struct CommandResult {
  int exit_code = 0;  // 128 + n where signal n ended it
  std::string output;
};

enum class CommandErrors { shown, dropped };  // what it writes to standard error

// Runs `words`, the first of which is looked for on PATH, without input, and waits for its end. Nothing where it cannot
// be started. Throws Error where it prints more than `limit` bytes, which ends it, and Interrupted where the listener
// asks for that.
std::optional<CommandResult> run_command(const std::vector<std::string>& words, CommandErrors errors,
                                         size_t limit = 1 << 20);

}  // namespace vlrm
