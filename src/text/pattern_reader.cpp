#include "text/pattern_reader.h"

#include <cctype>
#include <charconv>

#include "base/error.h"
#include "base/utf8.h"

namespace vlrm {

void PatternReader::refuse_at(size_t at, std::string_view what) const {
  fail("{}: the regular expression \"{}\" has {} at byte {}, which is not supported", source_, printable(pattern_),
       what, at);
}

bool PatternReader::accept(std::string_view text) {
  if (!pattern_.substr(at_).starts_with(text)) return false;
  at_ += text.size();
  return true;
}

char32_t PatternReader::take() {
  if (at_end()) refuse("an unfinished part");
  const auto [code_point, length] = utf8::first(pattern_.substr(at_));
  at_ += length;
  return code_point;
}

std::string_view PatternReader::take_until(char closing) {
  const size_t end = pattern_.find(closing, at_);
  if (end == std::string_view::npos) refuse("an unfinished part");
  const std::string_view inside = pattern_.substr(at_, end - at_);
  at_ = end + 1;
  return inside;
}

std::optional<CharacterSet> PatternReader::named_set() {
  if (accept("p{")) return property(false);
  if (accept("P{")) return property(true);
  if (at_end()) return std::nullopt;
  const auto letter = static_cast<unsigned char>(pattern_[at_]);
  auto set = shorthand_set(static_cast<char>(std::tolower(letter)));
  if (!set) return std::nullopt;
  ++at_;
  set->negated = std::isupper(letter) != 0;
  return set;
}

CharacterSet PatternReader::property(bool negated) {
  std::string name;
  for (const char c : take_until('}')) {
    if (c == '^' && name.empty()) {
      negated = !negated;
    } else if (c != ' ' && c != '_' && c != '-') {
      if (!is_ascii_letter_or_digit(static_cast<unsigned char>(c))) refuse("a property of an unknown name");
      name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  CharacterSet set = property_set(name);
  set.negated = negated;
  return set;
}

char32_t PatternReader::escaped_character() {
  const char32_t c = take();
  switch (c) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'f':
      return '\f';
    case 'v':
      return '\v';
    case 'a':
      return '\a';
    case 'e':
      return 0x1B;
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
      return from_octal(c);
    case 'x':
      return accept("{") ? from_hexadecimal(take_until('}'), 0x10FFFF) : from_hexadecimal(take_digits(2), 0x7F);
    case 'u':
      return from_hexadecimal(take_digits(4), 0xFFFF);
    default:
      break;
  }
  if (is_ascii_letter_or_digit(c)) refuse("an escape of an unknown kind");
  return c;
}

// Up to three digits, of which the first is read.
char32_t PatternReader::from_octal(char32_t first) {
  char32_t value = first - '0';
  for (int i = 0; i < 2 && !at_end() && pattern_[at_] >= '0' && pattern_[at_] <= '7'; ++i)
    value = value * 8 + (take() - '0');
  if (value > 0x7F) refuse("a character code that stands for none");
  return value;
}

std::string_view PatternReader::take_digits(size_t most) {
  size_t count = 0;
  const auto is_digit = [&](size_t i) {
    return i < pattern_.size() && std::isxdigit(static_cast<unsigned char>(pattern_[i])) != 0;
  };
  while (count < most && is_digit(at_ + count)) ++count;
  at_ += count;
  return pattern_.substr(at_ - count, count);
}

char32_t PatternReader::from_hexadecimal(std::string_view digits, char32_t most) const {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc() || end != digits.data() + digits.size() || value > most ||
      (value >= 0xD800 && value <= 0xDFFF))
    refuse("a character code that stands for none");
  return value;
}

std::string hexadecimal(char32_t code_point) {
  return fmt::format("\\x{{{:x}}}", static_cast<uint32_t>(code_point));
}

}  // namespace vlrm
