#include "tasks/own_marks.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/utf8.h"
#include "python/text.h"

namespace vlrm {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Of any script, as far as bytes tell.
bool is_of_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
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

bool stands_in(const std::string& text, const std::string& word) {
  if (word.empty()) return false;
  for (size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    const size_t end = at + word.size();
    const bool begins = at == 0 || !is_of_word(text[at - 1]) || !is_of_word(word.front());
    const bool ends = end == text.size() || !is_of_word(text[end]) || !is_of_word(word.back());
    if (begins && ends) return true;
  }
  return false;
}

// The end of the number whose first digit, or point before digits, is at `start`.
size_t end_of_number(std::string_view text, size_t start) {
  size_t end = start;
  const auto digit_at = [&](size_t at) { return at < text.size() && is_digit(text[at]); };
  while (digit_at(end) || (end > start && end < text.size() && text[end] == ',' && digit_at(end + 1))) ++end;
  if (end < text.size() && text[end] == '.' && digit_at(end + 1))
    for (++end; digit_at(end);) ++end;
  return end;
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

std::optional<double> last_number(std::string_view text) {
  std::optional<double> last;
  for (size_t i = 0; i < text.size();) {
    const size_t end = end_of_number(text, i);
    if (end == i) {
      ++i;
      continue;
    }
    std::string digits(text.substr(i, end - i));
    std::erase(digits, ',');
    double value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    const bool negative = i > 0 && text[i - 1] == '-' && (i == 1 || !is_of_word(text[i - 2]));
    last = negative ? -value : value;
    i = end;
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
