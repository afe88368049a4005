// What goes wrong, in two kinds: the user's input (an exception with one clear line, exit code 2) and our own bugs
// (an assertion, unreachable from input).
#pragma once

#include <fmt/core.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace vlrm {

// Bad input, or a machine that cannot do what was asked. what() is one line: what is wrong, where (file, tensor, line,
// offset) and what to do.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws Error with the formatted line.
template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(fmt::format(format, std::forward<Args>(args)...));
}

// Makes bytes of a stranger fit for one line of a terminal: control bytes and invalid UTF-8 are escaped, and what is
// longer than `limit` bytes is cut with "…".
std::string printable(std::string_view text, size_t limit = 120);

[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace vlrm

// For what only a bug of ours can break. Stays on in release builds.
#define VLRM_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::vlrm::assertion_failed(#condition, __FILE__, __LINE__))
