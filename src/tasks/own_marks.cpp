#include "tasks/own_marks.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/replaced.h"
#include "base/utf8.h"
#include "python/text.h"

namespace vlrm {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// A letter, one of its marks, or a digit, of any script.
bool is_of_word(char32_t c) {
  return c != '_' && (python::is_identifier_part(c) || python::is_numeric(c));
}

struct Script {
  char32_t first, last;
};

// Thai, Lao, Burmese, Khmer, Chinese and Japanese have no spaces between words; Korean words have endings.
constexpr Script kWithoutSpaces[] = {{0x0E00, 0x0EFF}, {0x1000, 0x109F}, {0x1100, 0x11FF}, {0x1780, 0x17FF},
                                     {0x3005, 0x3007}, {0x3040, 0x31FF}, {0x3400, 0x4DBF}, {0x4E00, 0x9FFF},
                                     {0xAC00, 0xD7AF}, {0xF900, 0xFAFF}, {0xFF66, 0xFFDC}, {0x20000, 0x323AF}};

bool is_without_spaces(char32_t c) {
  return !python::is_decimal(c) && std::ranges::any_of(kWithoutSpaces, [c](const Script& script) {
    return c >= script.first && c <= script.last;
  });
}

// Whether a word may end between these two.
bool may_part(char32_t left, char32_t right) {
  return !is_of_word(left) || !is_of_word(right) || is_without_spaces(left) || is_without_spaces(right);
}

std::string_view without_space(std::string_view text) {
  const size_t first = text.find_first_not_of(kSpace);
  return first == text.npos ? "" : text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string lower(std::string_view text) {
  return python::lower(utf8::with_replacements(without_space(text)));
}

std::string compared(std::string_view text) {
  std::string plain = lower(text);
  if (plain.ends_with('.')) plain.pop_back();
  return plain;
}

bool stands_in(std::string_view text, std::string_view word) {
  if (word.empty()) return false;
  for (size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    const auto before = text.substr(0, at), behind = text.substr(at + word.size());
    const bool begins = before.empty() || may_part(utf8::last(before).value, utf8::first(word).value);
    const bool ends = behind.empty() || may_part(utf8::last(word).value, utf8::first(behind).value);
    if (begins && ends) return true;
  }
  return false;
}

// Digits at the start of a text.
size_t digits_of(std::string_view text) {
  return static_cast<size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
}

// The length of "1,234,567" at the start of a text; 0 where commas stand otherwise, as in "3,4".
size_t thousands_of(std::string_view text) {
  size_t length = digits_of(text);
  if (length == 0 || length > 3) return 0;
  while (length < text.size() && text[length] == ',') {
    const size_t group = digits_of(text.substr(length + 1));
    if (group == 0) break;
    if (group != 3) return 0;
    length += 1 + group;
  }
  return length;
}

// "e-05" at the start of a text.
size_t exponent_of(std::string_view text) {
  if (text.empty() || (text[0] != 'e' && text[0] != 'E')) return 0;
  const size_t sign = text.size() > 1 && (text[1] == '-' || text[1] == '+') ? 1 : 0;
  const size_t digits = digits_of(text.substr(1 + sign));
  return digits == 0 ? 0 : 1 + sign + digits;
}

// The length of the number without a sign at the start of a text. `in_list`: behind a comma that is not of thousands.
size_t number_of(std::string_view text, bool in_list) {
  const size_t thousands = in_list ? 0 : thousands_of(text);
  size_t length = thousands > 0 ? thousands : digits_of(text);
  if (length < text.size() && text[length] == '.')
    if (const size_t decimals = digits_of(text.substr(length + 1)); decimals > 0) length += 1 + decimals;
  return length == 0 ? 0 : length + exponent_of(text.substr(length));
}

double value_of_number(std::string_view text) {
  std::string plain(text);
  std::erase(plain, ',');
  double value = 0;
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
  if (error == std::errc::result_out_of_range) return plain.find('-') == plain.npos ? HUGE_VAL : 0;
  return value;
}

}  // namespace

bool equals_an_answer(std::string_view response, const std::vector<std::string>& answers) {
  return std::ranges::any_of(
      answers, [&, text = compared(response)](const std::string& answer) { return compared(answer) == text; });
}

bool contains_an_answer(std::string_view response, const std::vector<std::string>& answers) {
  return std::ranges::any_of(
      answers, [&, text = lower(response)](const std::string& answer) { return stands_in(text, lower(answer)); });
}

std::optional<double> last_number(std::string_view bytes) {
  const std::string plain = replaced(utf8::with_replacements(bytes), "−", "-");
  const std::string_view text = plain;
  std::optional<double> last;
  size_t end = 0;  // of the last one
  for (size_t i = 0; i < text.size();) {
    const bool in_list = last && i == end + 1 && text[end] == ',';
    const size_t length = number_of(text.substr(i), in_list);
    if (length == 0) {
      ++i;
      continue;
    }
    const double value = value_of_number(text.substr(i, length));
    const bool has_minus = i > 0 && text[i - 1] == '-';
    const bool is_sign = has_minus && (i == 1 || !is_of_word(utf8::last(text.substr(0, i - 1)).value));
    last = is_sign ? -value : value;
    i = end = i + length;
  }
  return last;
}

bool is_an_answers_number(std::string_view response, const std::vector<std::string>& answers) {
  const auto found = last_number(response);
  return found && std::ranges::any_of(answers, [&](const std::string& answer) {
           const auto wanted = last_number(answer);
           return wanted && std::abs(*found - *wanted) <= 1e-6 * std::abs(*wanted);
         });
}

}  // namespace vlrm
