// What is wrong with a template, or what it does wrong while it renders. Becomes an Error once source and line are
// known.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace vlrm::jinja {

class Problem : public std::runtime_error {
 public:
  explicit Problem(const std::string& message, int line = 0) : std::runtime_error(message), line_(line) {}
  int line() const { return line_; }  // 0: where the rendering is

 private:
  int line_;
};

template <class... Args>
[[noreturn]] void raise(fmt::format_string<Args...> format, Args&&... args) {
  throw Problem(fmt::format(format, std::forward<Args>(args)...));
}

template <class... Args>
[[noreturn]] void raise_at(int line, fmt::format_string<Args...> format, Args&&... args) {
  throw Problem(fmt::format(format, std::forward<Args>(args)...), line);
}

}  // namespace vlrm::jinja
