#include "text/normalizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "base/error.h"
#include "base/utf8.h"
#include "text/byte_level.h"
#include "text/unicode_additions.h"

namespace vlrm {
namespace {

// The options of utf8proc for NFC, NFD, NFKC and NFKD; 0 for other names.
int normal_form(const std::string& name) {
  if (name == "NFC") return UTF8PROC_STABLE | UTF8PROC_COMPOSE;
  if (name == "NFD") return UTF8PROC_STABLE | UTF8PROC_DECOMPOSE;
  if (name == "NFKC") return UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
  if (name == "NFKD") return UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT;
  return 0;
}

bool is_ascii(std::string_view text) {
  unsigned char all = 0;
  for (const char c : text) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

bool is_unknown_to_normal_forms(char32_t character) {
  const auto after = std::upper_bound(kUnknownToNormalForms.begin(), kUnknownToNormalForms.end(), character,
                                      [](char32_t c, const CharacterRange& range) { return c < range.first; });
  return after != kUnknownToNormalForms.begin() && character <= std::prev(after)->last;
}

void append_normal_form(std::string_view text, int options, std::string& result) {
  if (text.empty()) return;
  utf8proc_uint8_t* mapped = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &mapped, static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
  if (length < 0) fail("a text cannot be brought to a normal form: {}", utf8proc_errmsg(length));
  result.append(reinterpret_cast<const char*>(mapped), static_cast<size_t>(length));
}

}  // namespace

std::string replace_all(const RegularExpression& pattern, std::string_view text, std::string_view by,
                        const TextEffort& effort) {
  std::vector<Match> matches;
  pattern.find_all(text, matches);
  effort.check_length(matches.size() * by.size());
  std::string result;
  size_t end = 0;
  for (const Match& match : matches) {
    result += text.substr(end, match.begin - end);
    result += by;
    end = match.end;
  }
  return result += text.substr(end);
}

Normalizer::Normalizer(const Json& description, const std::string& source) : source_(source) {
  if (!description.is_null()) add(description, source);
  check_step_count(steps_.size(), "normalizer", source);
}

void Normalizer::add(const Json& description, const std::string& source) {
  const auto type = required_field<std::string>(description, "type", source);
  if (type == "Sequence") {
    for (const Json& part : required_field<std::vector<Json>>(description, "normalizers", source)) add(part, source);
  } else if (const int options = normal_form(type); options != 0) {
    steps_.push_back(Compose{options});
  } else if (type == "Prepend") {
    steps_.push_back(Prepend{required_field<std::string>(description, "prepend", source)});
  } else if (type == "Replace") {
    steps_.push_back(Replace{RegularExpression::from_json(description, source),
                             required_field<std::string>(description, "content", source)});
  } else if (type == "Strip") {
    steps_.push_back(Strip{required_field<bool>(description, "strip_left", source),
                           required_field<bool>(description, "strip_right", source)});
  } else if (type == "Lowercase") {
    steps_.push_back(Lowercase{});
  } else if (type == "ByteLevel") {
    steps_.push_back(ByteCharacters{});
  } else {
    fail("{}: the normalizer \"{}\" is not supported", source, printable(type));
  }
}

std::string Normalizer::apply(const Compose& step, const std::string& text, TextEffort&) {
  if (is_ascii(text)) return text;
  std::string result;
  size_t begin = 0;
  for (size_t i = 0; i < text.size();) {
    const auto [character, length] = utf8::first(std::string_view(text).substr(i));
    if (is_unknown_to_normal_forms(character)) {
      append_normal_form(std::string_view(text).substr(begin, i - begin), step.options, result);
      result.append(text, i, length);
      begin = i + length;
    }
    i += length;
  }
  append_normal_form(std::string_view(text).substr(begin), step.options, result);
  return result;
}

std::string Normalizer::apply(const Prepend& step, const std::string& text, TextEffort& effort) {
  effort.check_length(step.prefix.size());
  return text.empty() ? text : step.prefix + text;
}

std::string Normalizer::apply(const Replace& step, const std::string& text, TextEffort& effort) {
  return text.empty() ? text : replace_all(step.pattern, text, step.by, effort);
}

std::string Normalizer::apply(const Strip& step, const std::string& text, TextEffort&) {
  std::string_view rest = text;
  while (step.left && !rest.empty() && utf8::is_white_space(utf8::first(rest).value))
    rest.remove_prefix(utf8::first(rest).length);
  while (step.right && !rest.empty() && utf8::is_white_space(utf8::last(rest).value))
    rest.remove_suffix(utf8::last(rest).length);
  return std::string(rest);
}

// Character by character: the final sigma has no rule of its own, and only "İ" has a lower case of two characters.
std::string Normalizer::apply(const Lowercase&, const std::string& text, TextEffort&) {
  std::string result;
  for (std::string_view rest = text; !rest.empty();) {
    const auto [character, length] = utf8::first(rest);
    rest.remove_prefix(length);
    if (character == 0x130) {
      result += "i\xCC\x87";
    } else {
      utf8::append(result, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(character))));
    }
  }
  return result;
}

std::string Normalizer::apply(const ByteCharacters&, const std::string& text, TextEffort&) {
  return byte_level::to_characters(text);
}

bool Normalizer::may_drop_start() const {
  return std::ranges::any_of(steps_, [](const Step& step) {
    const auto* strip = std::get_if<Strip>(&step);
    const auto* replace = std::get_if<Replace>(&step);
    return (strip && strip->left) || (replace && replace->by.empty());
  });
}

std::string Normalizer::normalize(std::string_view text) const {
  std::string result(text);
  TextEffort effort(text.size(), source_);
  for (const Step& step : steps_) {
    effort.spend(result.size());
    result = std::visit([&](const auto& kind) { return apply(kind, result, effort); }, step);
    effort.check_length(result.size());
  }
  return result;
}

}  // namespace vlrm
