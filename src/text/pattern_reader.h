// Reading a regular expression in Oniguruma's syntax: its characters and the escapes that stand for some.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "text/character_sets.h"

namespace vlrm {

class PatternReader {
 public:
  // `source` names the pattern in errors. Both must live as long.
  PatternReader(std::string_view pattern, const std::string& source) : pattern_(pattern), source_(source) {}

  size_t at() const { return at_; }
  bool at_end() const { return at_ == pattern_.size(); }
  std::string_view rest() const { return pattern_.substr(at_); }
  void go_to(size_t at) { at_ = at; }

  bool accept(std::string_view text);
  // The next character, and all up to `closing`, which is read too. Throw Error at the end.
  char32_t take();
  std::string_view take_until(char closing);

  // After a backslash: a set of characters that an escape stands for. Without one, reads nothing and returns nothing.
  std::optional<CharacterSet> named_set();
  // After a backslash: an escape that stands for one character. Throws Error for one of an unknown kind.
  char32_t escaped_character();

  // Throws Error: the pattern has `what` here, or at `at`.
  [[noreturn]] void refuse(std::string_view what) const { refuse_at(at_, what); }
  [[noreturn]] void refuse_at(size_t at, std::string_view what) const;

 protected:
  const std::string_view pattern_;
  const std::string& source_;
  size_t at_ = 0;

 private:
  CharacterSet property(bool negated);
  char32_t from_octal(char32_t first);
  char32_t from_hexadecimal(std::string_view digits, char32_t most) const;
  std::string_view take_digits(size_t most);
};

constexpr bool is_ascii_letter_or_digit(char32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// As PCRE2 writes a character by its number.
std::string hexadecimal(char32_t code_point);

}  // namespace vlrm
