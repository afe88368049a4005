#include "tasks/vqa_accuracy.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/replaced.h"
#include "base/utf8.h"
#include "python/text.h"

namespace vlrm {
namespace {

const std::map<std::string, std::string, std::less<>> kNumbers{
    {"none", "0"}, {"zero", "0"}, {"one", "1"},   {"two", "2"},   {"three", "3"}, {"four", "4"},
    {"five", "5"}, {"six", "6"},  {"seven", "7"}, {"eight", "8"}, {"nine", "9"},  {"ten", "10"}};
const std::set<std::string, std::less<>> kArticles{"a", "an", "the"};

// A word that lacks exactly one apostrophe of these gets it.
constexpr std::string_view kContractions =
    "'ow's'at 'twas ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't "
    "haven't he'd he'd've he's how'd how'll how's isn't it'd it'd've it'll ma'am might've mightn't mightn't've must've "
    "mustn't needn't not've o'clock oughtn't shan't she'd've should've shouldn't shouldn't've somebody'd've "
    "somebody'll somebody's someone'd someone'd've someone'll someone's something'd something'd've something'll that's "
    "there'd there'd've there're there's they'd they'd've they'll they're they've wasn't we'd've we've weren't what'll "
    "what're what's what've when's where'd where's where've who'd who'd've who'll who's who've why'll why're why's "
    "won't would've wouldn't wouldn't've y'all y'all'd've y'all'll you'd you'd've you'll you're you've";

std::map<std::string, std::string, std::less<>> contractions_by_what_lacks() {
  std::map<std::string, std::string, std::less<>> found{{"somebody'd", "somebodyd"}};  // the one oddity of the rules
  for (size_t start = 0; start < kContractions.size();) {
    const size_t end = std::min(kContractions.find(' ', start), kContractions.size());
    const std::string whole(kContractions.substr(start, end - start));
    for (size_t i = 0; i < whole.size(); ++i)
      if (whole[i] == '\'') found[whole.substr(0, i) + whole.substr(i + 1)] = whole;
    start = end + 1;
  }
  return found;
}

// Out where it stands beside a space anywhere, elsewhere a space.
std::string without_punctuation(const std::string& text) {
  std::string result = text;
  for (const char mark : std::string_view(";/[]\"{}()=+\\_-><@`!")) {
    const std::string alone(1, mark);
    const bool beside_space =
        text.find(alone + " ") != std::string::npos || text.find(" " + alone) != std::string::npos;
    result = replaced(result, alone, beside_space ? "" : " ");
  }
  return result;
}

// Only the first 32 go: the rules' own code passes a flag where the number of replacements is meant.
std::string without_periods(std::string_view text) {
  constexpr int kMost = 32;
  std::string result;
  int taken = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = text.substr(i + 1);
    const bool before_digit = !rest.empty() && python::is_decimal(utf8::first(rest).value);
    if (text[i] == '.' && !before_digit && taken < kMost)
      ++taken;
    else
      result += text[i];
  }
  return result;
}

}  // namespace

std::string normalized_vqa_answer(std::string_view answer) {
  static const auto contractions = contractions_by_what_lacks();
  std::string text = python::lower(utf8::with_replacements(answer));
  std::erase_if(text, [](char c) { return c == ',' || c == '?'; });
  text = replaced(text, "'s", " 's");
  text = python::trimmed(text);
  std::ranges::replace_if(
      text, [](char c) { return c == '\n' || c == '\t'; }, ' ');
  std::string result;
  const std::string plain = without_periods(without_punctuation(text));
  for (const std::string_view part : python::split_at_space(plain)) {
    std::string word(part);
    if (const auto number = kNumbers.find(word); number != kNumbers.end()) word = number->second;
    if (kArticles.contains(word)) continue;
    const auto contraction = contractions.find(word);
    result += (result.empty() ? "" : " ") + (contraction == contractions.end() ? word : contraction->second);
  }
  return result;
}

OrderedJson vqa_accuracy(const std::string& response, const std::vector<std::string>& answers) {
  VLRM_ASSERT(!answers.empty());
  const std::string given = normalized_vqa_answer(response);
  std::vector<bool> same;
  for (const std::string& answer : answers) same.push_back(normalized_vqa_answer(answer) == given);
  const auto all = std::ranges::count(same, true);
  long double sum = 0;  // exact: the shares are multiples of 2^-54, and there are few
  bool whole = true;
  for (const bool own : same) {
    const auto others = all - (own ? 1 : 0);
    sum += static_cast<long double>(std::min(1.0, static_cast<double>(others) / 3));
    whole = whole && others >= 3;
  }
  if (whole) return 1;
  return static_cast<double>(sum / static_cast<long double>(answers.size()));
}

}  // namespace vlrm
