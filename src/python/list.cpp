#include "python/list.h"

#include <charconv>

#include "base/error.h"
#include "base/utf8.h"

namespace vlrm {
namespace {

constexpr char32_t kLastCodePoint = 0x10FFFF;

class ListReader {
 public:
  ListReader(std::string_view text, const std::string& source) : text_(text), source_(source) {}

  std::vector<std::string> read() {
    std::vector<std::string> items;
    skip_blanks();
    expect('[');
    for (skip_blanks(); !at(']'); skip_blanks()) {
      items.push_back(literal());
      skip_blanks();
      if (!at(']')) expect(',');
    }
    ++place_;
    skip_blanks();
    if (place_ < text_.size()) refuse();
    return items;
  }

 private:
  [[noreturn]] void refuse() const {
    fail("{}: not a Python list of strings, from byte {} on: {}", source_, place_, printable(text_, 80));
  }
  bool at(char wanted) const { return place_ < text_.size() && text_[place_] == wanted; }
  void expect(char wanted) {
    if (!at(wanted)) refuse();
    ++place_;
  }
  void skip_blanks() {
    while (at(' ') || at('\n') || at('\t') || at('\r')) ++place_;
  }
  char take() {
    if (place_ >= text_.size()) refuse();
    return text_[place_++];
  }

  std::string literal() {
    if (!at('\'') && !at('"')) refuse();
    const char quote = take();
    std::string value;
    for (char c = take(); c != quote; c = take()) {
      if (c == '\\')
        escaped(value);
      else
        value += c;
    }
    return value;
  }

  void escaped(std::string& value) {
    constexpr std::string_view kNames = "\\'\"abfnrtv", kCharacters = "\\'\"\a\b\f\n\r\t\v";
    const char c = take();
    if (const size_t known = kNames.find(c); known != std::string_view::npos) {
      value += kCharacters[known];
    } else if (c == 'x' || c == 'u' || c == 'U') {
      code_point(value, c == 'x' ? 2 : (c == 'u' ? 4 : 8), 16);
    } else if (c >= '0' && c <= '7') {
      --place_;
      size_t digits = 1;
      while (digits < 3 && place_ + digits < text_.size() && text_[place_ + digits] >= '0' &&
             text_[place_ + digits] <= '7')
        ++digits;
      code_point(value, digits, 8);
    } else if (c != '\n') {  // a line that goes on
      value += '\\';
      value += c;
    }
  }

  void code_point(std::string& value, size_t digits, int base) {
    uint32_t code = 0;
    if (text_.size() - place_ < digits) refuse();
    const char* const end = text_.data() + place_ + digits;
    const auto [stopped, error] = std::from_chars(text_.data() + place_, end, code, base);
    if (error != std::errc() || stopped != end || code > kLastCodePoint || (code >= 0xD800 && code < 0xE000)) refuse();
    place_ += digits;
    utf8::append(value, code);
  }

  const std::string_view text_;
  const std::string& source_;
  size_t place_ = 0;
};

}  // namespace

std::vector<std::string> parse_python_strings_or_throw(std::string_view text, const std::string& source) {
  return ListReader(text, source).read();
}

}  // namespace vlrm
