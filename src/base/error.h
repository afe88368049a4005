// What goes wrong, in three kinds: the user's input (an exception with one clear line, exit code 2), what may go well
// at the next try (another exception, exit code 75), and our own bugs (an assertion, unreachable from input, exit code
// 1). The exceptions are in the public header.
#pragma once

#include <fmt/core.h>
#include <vlrm/error.h>

#include <string>
#include <utility>

namespace vlrm {

// Throws Error with the formatted line.
template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(fmt::format(format, std::forward<Args>(args)...));
}

// The same with a TemporaryError.
template <class... Args>
[[noreturn]] void fail_for_now(fmt::format_string<Args...> format, Args&&... args) {
  throw TemporaryError(fmt::format(format, std::forward<Args>(args)...));
}

// The same error, which happened at `source`.
[[noreturn]] void rethrow_at(const std::string& source, const Error& error);

// Whether another try can help where the system says `error` (an errno): disk, memory, a network that is away.
bool is_temporary(int error);
// Throws Error, or TemporaryError by is_temporary(), with `what` and what the system says.
[[noreturn]] void throw_system_error(int error, const std::string& what);
template <class... Args>
[[noreturn]] void fail_with_errno(int error, fmt::format_string<Args...> format, Args&&... args) {
  throw_system_error(error, fmt::format(format, std::forward<Args>(args)...));
}

// Makes bytes of a stranger fit for one line of a terminal: control bytes and invalid UTF-8 are escaped, and what is
// longer than `limit` bytes is cut with "…".
std::string printable(std::string_view text, size_t limit = 120);

// Throws BugError, which says where.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace vlrm

// For what only a bug of ours can break. Stays on in release builds.
#define VLRM_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::vlrm::assertion_failed(#condition, __FILE__, __LINE__))
