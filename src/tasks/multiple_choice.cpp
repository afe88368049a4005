#include "tasks/multiple_choice.h"

#include <xxhash.h>

#include <fmt/format.h>

#include <functional>

#include "base/error.h"
#include "base/utf8.h"
#include "python/text.h"

namespace vlrm {
namespace {

char letter(size_t option) {
  return static_cast<char>('A' + option);
}

std::string stripped(std::string text) {
  for (const char mark : std::string_view(",.!?;:'")) {
    const size_t first = text.find_first_not_of(mark), last = text.find_last_not_of(mark);
    text = first == std::string::npos ? "" : text.substr(first, last - first + 1);
  }
  return text;
}

// How an option is looked for: `there`, and, where several are, the one that `last` has last.
struct Form {
  std::function<std::string(size_t option)> there, last;
  const std::string& text;
};

std::vector<size_t> found(const Form& form, size_t options) {
  std::vector<size_t> candidates;
  for (size_t i = 0; i < options; ++i)
    if (form.text.find(form.there(i)) != std::string::npos) candidates.push_back(i);
  return candidates;
}

size_t last_of(const Form& form, const std::vector<size_t>& candidates) {
  const auto place = [&](size_t option) {
    const size_t at = form.text.rfind(form.last(option));
    return at == std::string::npos ? int64_t{-1} : static_cast<int64_t>(at);
  };
  size_t best = candidates.front();
  for (const size_t candidate : candidates)
    if (place(candidate) > place(best)) best = candidate;
  return best;
}

}  // namespace

std::string lettered(const std::vector<std::string>& options) {
  std::string text;
  for (size_t i = 0; i < options.size(); ++i)
    text += fmt::format("{}{}. {}", i == 0 ? "" : "\n", letter(i), options[i]);
  return text;
}

char chosen_option(std::string_view response, const std::vector<std::string>& options, std::string_view salt) {
  VLRM_ASSERT(!options.empty() && options.size() <= 26);
  const std::string whole = utf8::with_replacements(response), text = fmt::format(" {} ", stripped(whole));
  const std::string lower = python::lower(text);
  const auto bracketed = [](size_t i) { return fmt::format("({})", letter(i)); };
  const auto spaced = [](size_t i) { return fmt::format(" {} ", letter(i)); };
  std::vector<Form> forms{{bracketed, bracketed, text},
                          {[](size_t i) { return fmt::format("{} ", letter(i)); }, spaced, text},
                          {[](size_t i) { return fmt::format("{}.", letter(i)); }, spaced, text}};
  const auto own_text = [&](size_t i) { return python::lower(utf8::with_replacements(options[i])); };
  if (python::split_at_space(text).size() > 5) forms.push_back({own_text, own_text, lower});
  for (const Form& form : forms)
    if (const auto candidates = found(form, options.size()); !candidates.empty())
      return letter(last_of(form, candidates));
  XXH64_hash_t seed = XXH3_64bits(salt.data(), salt.size());
  seed = XXH3_64bits_withSeed(whole.data(), whole.size(), seed);
  return letter(seed % options.size());
}

}  // namespace vlrm
