#include "text/added_tokens.h"

#include <algorithm>

#include "base/error.h"
#include "base/replaced.h"
#include "base/utf8.h"

namespace vlrm {
namespace {

bool is_word_character(std::string_view character) {
  static const RegularExpression word(R"([\p{Alphabetic}\p{L}\p{M}\p{Nd}\p{Pc}\x{200c}\x{200d}])", "added tokens");
  std::vector<Match> matches;
  word.find_all(character, matches);
  return !matches.empty();
}

bool ends_with_word(std::string_view text) {
  return !text.empty() && is_word_character(text.substr(text.size() - utf8::last(text).length));
}

bool starts_with_word(std::string_view text) {
  return !text.empty() && is_word_character(text.substr(0, utf8::first(text).length));
}

size_t white_space_at_end(std::string_view text) {
  size_t count = 0;
  while (count < text.size() && utf8::is_white_space(utf8::last(text.substr(0, text.size() - count)).value))
    count += utf8::last(text.substr(0, text.size() - count)).length;
  return count;
}

size_t white_space_at_start(std::string_view text) {
  size_t count = 0;
  while (count < text.size() && utf8::is_white_space(utf8::first(text.substr(count)).value))
    count += utf8::first(text.substr(count)).length;
  return count;
}

// The first of `origins`, which are in order and apart, that ends behind `begin`.
auto first_behind(std::span<const TextOrigin> origins, size_t begin) {
  return std::ranges::upper_bound(origins, begin, {}, &TextOrigin::end);
}

int origin_of(std::span<const TextOrigin> origins, size_t begin, size_t end) {
  int largest = -1;
  for (auto origin = first_behind(origins, begin); origin != origins.end() && origin->begin < end; ++origin)
    largest = std::max(largest, origin->number);
  return largest;
}

// The parts of `origins` in the `size` bytes from `begin` on, counted from there.
std::vector<TextOrigin> origins_inside(std::span<const TextOrigin> origins, size_t begin, size_t size) {
  std::vector<TextOrigin> inside;
  const size_t end = begin + size;
  for (auto origin = first_behind(origins, begin); origin != origins.end() && origin->begin < end; ++origin)
    inside.push_back({std::max(origin->begin, begin) - begin, std::min(origin->end, end) - begin, origin->number});
  return inside;
}

// Where the bytes of `origins`, of which there are some, are once `text` is `normalized`: the normalizer carries a
// character that it does not know along with them. Where it does not, all bytes have the largest origin.
std::vector<TextOrigin> normalized_origins(std::string_view text, const std::string& normalized,
                                           std::span<const TextOrigin> origins, const Normalizer& normalizer) {
  constexpr std::string_view kMark = "\xEF\xBF\xBE";  // U+FFFE, which is no character
  std::vector<TextOrigin> there;
  std::string marked;
  size_t done = 0;
  for (const TextOrigin& origin : origins) {
    (marked += text.substr(done, origin.begin - done)) += kMark;
    (marked += text.substr(origin.begin, origin.end - origin.begin)) += kMark;
    done = origin.end;
  }
  marked = normalizer.normalize(marked += text.substr(done));
  std::vector<size_t> marks;
  for (size_t at = marked.find(kMark); at != marked.npos; at = marked.find(kMark, at + kMark.size()))
    marks.push_back(at - marks.size() * kMark.size());
  if (marks.size() != 2 * origins.size() || replaced(marked, kMark, "") != normalized)
    return {{0, normalized.size(), std::ranges::max(origins, {}, &TextOrigin::number).number}};
  for (size_t i = 0; i < origins.size(); ++i) there.push_back({marks[2 * i], marks[2 * i + 1], origins[i].number});
  return there;
}

}  // namespace

AddedTokens::AddedTokens(const std::vector<AddedToken>& own, const std::vector<AddedToken>& additions,
                         const Vocabulary& vocabulary, const Normalizer& normalizer, const std::string& source) {
  for (const AddedToken& token : own) {
    if (by_content_.contains(token.content))
      fail("{}: the token \"{}\" is added twice", source, printable(token.content));
    if (token.id < 0 || token.id > Vocabulary::kLargestId)
      fail("{}: the added token \"{}\" has the id {}", source, printable(token.content), token.id);
    add(token, vocabulary);
    if (tokens_.back().id == token.id) continue;
    if (++count_renumbered_ == 1)
      renumbered_ = fmt::format(
          "{}: the added token \"{}\" has the id {} in the file, but gets {}, as in the tokenizers "
          "library, which numbers added tokens by their order",
          source, printable(token.content), token.id, tokens_.back().id);
  }
  for (const AddedToken& token : additions)
    if (!token.content.empty()) add(token, vocabulary);
  prepare_matchers(normalizer, source);
}

// Once special, a token is skipped in decoding, whatever its later settings.
void AddedTokens::add(AddedToken token, const Vocabulary& vocabulary) {
  const auto known = by_content_.find(token.content);
  const bool becomes_special = token.special && special_.insert(token.content).second;
  if (becomes_special || !special_.contains(token.content))
    patterns_.push_back({known != by_content_.end() ? known->second : tokens_.size(), token.normalized, token.special});
  if (known != by_content_.end()) {
    token.id = tokens_[known->second].id;
    tokens_[known->second] = std::move(token);
    return;
  }
  token.id = vocabulary.find(token.content);
  if (token.id == Vocabulary::kNone) {
    token.id = next_added_id(vocabulary.size(), largest_id_);
    ++count_outside_;
  }
  largest_id_ = std::max(largest_id_, token.id);
  by_content_[token.content] = tokens_.size();
  by_id_[token.id] = tokens_.size();
  tokens_.push_back(std::move(token));
}

void AddedTokens::prepare_matchers(const Normalizer& normalizer, const std::string& source) {
  for (const bool special : {true, false}) {  // of tokens with equal normalized content special ones go first
    for (const Pattern& pattern : patterns_) {
      if (pattern.special != special) continue;
      const AddedToken& token = tokens_[pattern.token];
      contents_.add(token.content, pattern.token);
      const std::string content = pattern.normalized ? normalizer.normalize(token.content) : token.content;
      if (content.empty())
        fail("{}: the normalizer leaves nothing of the added token \"{}\"", source, printable(token.content));
      (pattern.normalized ? in_normalized_text_ : in_raw_text_).add(content, pattern.token);
    }
  }
  for (StringMatcher* matcher : {&contents_, &in_normalized_text_, &in_raw_text_}) matcher->prepare();
}

void AddedTokens::split_by(const StringMatcher& matcher, std::string_view text, std::span<const TextOrigin> origins,
                           const Takes& takes, const OnToken& on_token, const OnText& on_text) const {
  const auto is_taken = [&](const StringMatcher::Found& found) {
    const int origin = takes ? origin_of(origins, found.begin, found.end) : -1;
    return origin < 0 || takes(static_cast<int32_t>(tokens_[found.value].id), origin);
  };
  size_t done = 0;
  for (auto found = matcher.find(text, 0, is_taken); found; found = matcher.find(text, found->end, is_taken)) {
    const AddedToken& token = tokens_[found->value];
    if (special_are_text_ && is_special(token.content)) continue;
    size_t begin = found->begin, end = found->end;
    if (token.single_word && (ends_with_word(text.substr(0, begin)) || starts_with_word(text.substr(end)))) continue;
    if (token.left_strip && begin > done) begin -= white_space_at_end(text.substr(done, begin - done));
    if (token.right_strip) end = std::max(end, done), end += white_space_at_start(text.substr(end));
    if (done < begin) on_text(text.substr(done, begin - done));
    on_token(static_cast<int32_t>(token.id), origin_of(origins, found->begin, found->end));
    done = end;
  }
  if (done < text.size()) on_text(text.substr(done));
}

void AddedTokens::split(std::string_view text, const Normalizer& normalizer, const OnToken& on_token,
                        const OnText& on_text, std::span<const TextOrigin> origins, const Takes& takes) const {
  split_by(in_raw_text_, text, origins, takes, on_token, [&](std::string_view between) {
    const auto inside = origins_inside(origins, static_cast<size_t>(between.data() - text.data()), between.size());
    if (normalizer.changes_nothing()) return split_by(in_normalized_text_, between, inside, takes, on_token, on_text);
    const std::string normalized = normalizer.normalize(between);
    const bool any = !inside.empty() && in_normalized_text_.find(normalized, 0);
    const auto there = any ? normalized_origins(between, normalized, inside, normalizer) : std::vector<TextOrigin>();
    split_by(in_normalized_text_, normalized, there, takes, on_token, on_text);
  });
}

std::optional<AddedTokens::Special> AddedTokens::find_special(std::string_view text, size_t start, int64_t also) const {
  if (special_are_text_) return std::nullopt;
  for (auto found = contents_.find(text, start); found; found = contents_.find(text, found->end)) {
    const AddedToken& token = tokens_[found->value];
    if (token.id == also || is_special(token.content))
      return Special{found->begin, found->end, static_cast<int32_t>(token.id)};
  }
  return std::nullopt;
}

std::optional<std::string> AddedTokens::renumbered() const {
  if (count_renumbered_ == 0) return std::nullopt;
  if (count_renumbered_ == 1) return renumbered_;
  return fmt::format("{} ({} more get other ids, too)", renumbered_, count_renumbered_ - 1);
}

const AddedToken* AddedTokens::with_id(int64_t id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &tokens_[found->second];
}

const AddedToken* AddedTokens::with_content(std::string_view content) const {
  const auto found = by_content_.find(std::string(content));
  return found == by_content_.end() ? nullptr : &tokens_[found->second];
}

}  // namespace vlrm
