#include "writing/verdicts.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "results/metrics.h"

namespace vlrm {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// The end of the longest number that starts at `start`, or `start` where there is none.
size_t end_of_number(std::string_view text, size_t start) {
  size_t end = start;
  if (end < text.size() && text[end] == '-') ++end;
  const size_t digits = end;
  while (end < text.size() && (is_digit(text[end]) || text[end] == ',')) ++end;
  if (end + 1 < text.size() && text[end] == '.' && is_digit(text[end + 1])) {
    ++end;
    while (end < text.size() && is_digit(text[end])) ++end;
    return end;
  }
  while (end > digits && text[end - 1] == ',') --end;
  return end > digits ? end : start;
}

double value_of(std::string_view number) {
  std::string digits(number);
  std::erase(digits, ',');
  double value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);  // ".5" is fine; what is too large stays 0
  return rounded_score(value);
}

// The first number of a text, or its last.
std::optional<double> find_number(std::string_view text, bool last) {
  std::optional<double> found;
  for (size_t i = 0; i < text.size();) {
    const size_t end = end_of_number(text, i);
    if (end == i) {
      ++i;
      continue;
    }
    found = value_of(text.substr(i, end - i));
    if (!last) break;
    i = end;
  }
  return found;
}

bool stands_alone(std::string_view text, size_t at, size_t length) {
  return (at == 0 || !is_letter(text[at - 1])) && (at + length >= text.size() || !is_letter(text[at + length]));
}

// The end of the text where there is no such word.
size_t after_last_verdict(std::string_view text) {
  size_t after = text.size();
  for (const std::string_view word : {"Verdict", "verdict"})
    if (const size_t at = text.rfind(word); at != std::string_view::npos)
      after = after == text.size() ? at + word.size() : std::max(after, at + word.size());
  return after;
}

bool says_tie(std::string_view text, size_t at) {
  if (at >= text.size()) return false;
  const std::string_view word = text.substr(at, 3);
  return (word == "tie" || word == "Tie" || word == "TIE") && stands_alone(text, at, 3);
}

// Of the last "<answer> 1 </answer>".
std::optional<double> share_in_answer(std::string_view text) {
  constexpr std::string_view kBegin = "<answer>", kEnd = "</answer>", kSpace = " \t\r\n";
  const size_t begin = text.rfind(kBegin);
  if (begin == text.npos) return std::nullopt;
  std::string_view inside = text.substr(begin + kBegin.size());
  inside = inside.substr(0, inside.find(kEnd));
  const size_t first = inside.find_first_not_of(kSpace);
  if (first == inside.npos) return std::nullopt;
  inside = inside.substr(first, inside.find_last_not_of(kSpace) - first + 1);
  if (inside == "1") return 1;
  return inside == "2" ? std::optional(0.0) : std::nullopt;
}

// The answer may be quoted from one of the responses.
bool says_more_behind_answer(std::string_view text) {
  const std::string_view behind = text.substr(text.rfind("<answer>"));
  constexpr std::array<std::string_view, 5> kMarks{"Verdict", "verdict", "[[A]]", "[[B]]", "[[C]]"};
  return std::ranges::any_of(kMarks, [&](std::string_view mark) { return behind.find(mark) != behind.npos; });
}

}  // namespace

std::optional<double> overall_score(std::string_view text) {
  constexpr std::string_view kOverall = "Overall";
  const size_t overall = text.rfind(kOverall);
  if (overall != std::string_view::npos)
    if (const auto number = find_number(text.substr(overall + kOverall.size()), false)) return number;
  return find_number(text, true);
}

double first_answers_share(std::string_view text) {
  if (const auto share = share_in_answer(text); share && !says_more_behind_answer(text)) return *share;
  for (size_t i = after_last_verdict(text); i < text.size(); ++i) {
    if (says_tie(text, i)) return 0.5;
    if (!stands_alone(text, i, 1)) continue;
    if (text[i] == 'A') return says_tie(text, i + 2) ? 0.5 : 1;  // "A tie"
    if (text[i] == 'B') return 0;
  }
  const auto place = [&](std::string_view mark) {
    const size_t at = text.rfind(mark);
    return at == std::string_view::npos ? int64_t{-1} : static_cast<int64_t>(at);
  };
  const int64_t first = place("[[A]]"), second = place("[[B]]"), tie = place("[[C]]");
  if (first > std::max(second, tie)) return 1;
  return second > std::max(first, tie) ? 0 : 0.5;
}

}  // namespace vlrm
