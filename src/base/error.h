// What goes wrong, in three kinds: the user's input (an exception with one clear line, exit code 2), what may go well
// at the next try (another exception, exit code 75), and our own bugs (an assertion, unreachable from input, exit code
// 1).
#pragma once

#include <fmt/core.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace vlrm {

// How the program ends; 0 and 128 + a signal's number are as ever. 75 is what sysexits.h calls a temporary failure.
constexpr int kExitBug = 1, kExitBadInput = 2, kExitChanged = 3, kExitTemporary = 75;

// Bad input, or a machine that cannot do what was asked. what() is one line: what is wrong, where (file, tensor, line,
// offset) and what to do.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& line, int exit_code = kExitBadInput)
      : std::runtime_error(line), exit_code_(exit_code) {}
  int exit_code() const { return exit_code_; }  // of the program, where nobody catches it

 private:
  int exit_code_;
};

// An Error that another try may not meet: a full disk, too little memory, an output that another run is writing.
class TemporaryError : public Error {
 public:
  explicit TemporaryError(const std::string& line) : Error(line, kExitTemporary) {}
};

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

// Says where, and ends the program with kExitBug at once.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace vlrm

// For what only a bug of ours can break. Stays on in release builds.
#define VLRM_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::vlrm::assertion_failed(#condition, __FILE__, __LINE__))
