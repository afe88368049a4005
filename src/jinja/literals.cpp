#include "jinja/literals.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/utf8.h"

namespace vlrm::jinja {
namespace {

bool is_digit_of(char c, int base) {
  const char letter = static_cast<char>(c | 0x20);
  const int value = c >= '0' && c <= '9' ? c - '0' : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : 99;
  return value < base;
}

// Digits with single underscores between them: their end, or `at` where there are none.
size_t digits_end(std::string_view text, size_t at, int base, bool underscore_first = false) {
  size_t end = at;
  while (end < text.size()) {
    const bool underscore = text[end] == '_' && (end > at || underscore_first);
    const size_t digit = underscore ? end + 1 : end;
    if (digit >= text.size() || !is_digit_of(text[digit], base)) break;
    end = digit + 1;
  }
  return end;
}

std::string without_underscores(std::string_view text) {
  std::string out(text);
  std::erase(out, '_');
  return out;
}

Literal real_at(std::string_view text) {
  const size_t whole = digits_end(text, 0, 10);
  if (whole == 0) return {};
  size_t end = whole;
  bool real = false;
  if (end < text.size() && text[end] == '.') {
    const size_t fraction = digits_end(text, end + 1, 10);
    if (fraction > end + 1) {
      end = fraction;
      real = true;
    }
  }
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    const size_t sign = end + 1 < text.size() && (text[end + 1] == '+' || text[end + 1] == '-') ? 1 : 0;
    const size_t exponent = digits_end(text, end + 1 + sign, 10);
    if (exponent > end + 1 + sign) {
      end = exponent;
      real = true;
    }
  }
  if (!real) return {};
  Literal literal;
  literal.token.kind = Token::Kind::real;
  literal.token.real = std::strtod(without_underscores(text.substr(0, end)).c_str(), nullptr);
  literal.length = end;
  return literal;
}

Literal integer_at(std::string_view text) {
  int base = 10;
  size_t begin = 0;
  if (text.size() > 1 && text[0] == '0') {
    const char letter = static_cast<char>(text[1] | 0x20);
    base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 10;
    begin = base == 10 ? 0 : 2;
  }
  size_t end = digits_end(text, begin, base, begin > 0);
  if (begin > 0 && end == begin) {  // "0x" alone is a zero and a name
    base = 10;
    begin = 0;
    end = 1;
  }
  if (end == begin) return {};
  if (base == 10 && text[0] == '0') {  // of "01" only the zeros are a number
    const size_t other = text.substr(0, end).find_first_not_of("0_");
    if (other != text.npos) end = text[other - 1] == '_' ? other - 1 : other;
  }
  const std::string digits = without_underscores(text.substr(begin, end - begin));
  Literal literal;
  literal.token.kind = Token::Kind::integer;
  literal.length = end;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), literal.token.integer, base).ec != std::errc())
    raise("the integer is too large: more than 64 bits are not supported");
  return literal;
}

char32_t hexadecimal(std::string_view text, size_t at, size_t count) {
  uint32_t value = 0;
  const auto found = text.substr(std::min(at, text.size()), count);
  const auto result = std::from_chars(found.data(), found.data() + found.size(), value, 16);
  if (found.size() != count || result.ptr != found.data() + found.size())
    raise("truncated escape \"\\{}\" in a string", text[at - 1]);
  if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) raise("an escape in a string is no character");
  return value;
}

// Appends what the escape at `at` (of a backslash) stands for. Returns its length.
size_t append_escape(std::string& out, std::string_view text, size_t at) {
  static constexpr std::string_view kNamed = "\\'\"abfnrtv", kMeanings = "\\'\"\a\b\f\n\r\t\v";
  const char c = text[at + 1];
  if (c == '\n') return 2;
  if (const size_t named = kNamed.find(c); named != kNamed.npos) {
    out += kMeanings[named];
    return 2;
  }
  if (is_digit_of(c, 8)) {
    size_t count = 1;
    while (count < 3 && at + 1 + count < text.size() && is_digit_of(text[at + 1 + count], 8)) ++count;
    uint32_t value = 0;
    std::from_chars(text.data() + at + 1, text.data() + at + 1 + count, value, 8);
    utf8::append(out, value);
    return 1 + count;
  }
  if (c == 'x' || c == 'u' || c == 'U') {
    const size_t count = c == 'x' ? 2 : c == 'u' ? 4 : 8;
    utf8::append(out, hexadecimal(text, at + 2, count));
    return 2 + count;
  }
  if (c == 'N') raise("\"\\N{{…}}\" in a string is not supported");
  const utf8::CodePoint point = utf8::first(text.substr(at + 1));
  out += '\\';
  if (point.value < 0x80) {
    out += c;
  } else {  // jinja2 escapes what is not ASCII before it undoes escapes
    const auto number = static_cast<uint32_t>(point.value);
    out += number < 0x100     ? fmt::format("x{:02x}", number)
           : number < 0x10000 ? fmt::format("u{:04x}", number)
                              : fmt::format("U{:08x}", number);
  }
  return 1 + point.length;
}

Literal text_at(std::string_view text) {
  const char quote = text[0];
  Literal literal;
  literal.token.kind = Token::Kind::text;
  size_t end = 1;
  while (end < text.size() && text[end] != quote) end += text[end] == '\\' ? 2 : 1;
  if (end >= text.size()) return {};
  const std::string_view inner = text.substr(1, end - 1);
  for (size_t i = 0; i < inner.size();) {
    if (inner[i] == '\\') {
      i += append_escape(literal.token.text, inner, i);
    } else {
      literal.token.text += inner[i++];
    }
  }
  literal.length = end + 1;
  return literal;
}

}  // namespace

Literal literal_at(std::string_view text, bool may_be_real) {
  if (text[0] == '\'' || text[0] == '"') return text_at(text);
  if (text[0] < '0' || text[0] > '9') return {};
  const Literal real = may_be_real ? real_at(text) : Literal();
  return real.length > 0 ? real : integer_at(text);
}

}  // namespace vlrm::jinja
