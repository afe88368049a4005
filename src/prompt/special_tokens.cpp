#include "prompt/special_tokens.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/find_text.h"
#include "base/utf8.h"

namespace vlrm {
namespace {

// Characters that Unicode promises never to use, from U+FDD0 on.
constexpr int kNoncharacters = 32;
std::string noncharacter(int number) {
  return {'\xEF', '\xB7', static_cast<char>(0x90 + number)};
}

constexpr size_t kMostLiterals = 4096;  // of a template; real ones have some dozens

// What stands behind the character of a mark.
constexpr char kBegins[] = {'(', '['};  // by TextMarks::Origin
constexpr char kEnds = ')';

// Every string in `value`: contents, whatever other fields a template may show.
void for_each_text(OrderedJson& value, const std::function<void(std::string&)>& use) {
  if (value.is_string()) use(value.get_ref<std::string&>());
  if (value.is_structured())
    for (OrderedJson& part : value) for_each_text(part, use);
}

// Roles and types of parts are compared by templates; a word is what templates make tokens of on purpose.
bool is_name(const std::string& text) {
  return std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; });
}

void for_each_markable(OrderedJson& value, const std::function<void(std::string&)>& use) {
  for (auto& [key, field] : value.items()) {
    if (field.is_structured()) {
      for_each_markable(field, use);
    } else if (field.is_string()) {
      auto& text = field.get_ref<std::string&>();
      if ((key != "role" && key != "type") || !is_name(text)) use(text);
    }
  }
}

std::optional<std::string> unused_mark(Sample& sample) {
  for (int i = 0; i < kNoncharacters; ++i) {
    bool used = false;
    const auto look = [&](const std::string& text) { used = used || text.find(noncharacter(i)) != text.npos; };
    for_each_text(sample.messages, look);
    std::ranges::for_each(sample.responses, look);
    if (!used) return noncharacter(i);
  }
  return std::nullopt;
}

// White space around a text stays outside its marks: templates trim it.
std::pair<size_t, size_t> trimmed(std::string_view text, size_t begin, size_t end) {
  const auto part = [&] { return text.substr(begin, end - begin); };
  while (begin < end && utf8::is_white_space(utf8::first(part()).value)) begin += utf8::first(part()).length;
  while (begin < end && utf8::is_white_space(utf8::last(part()).value)) end -= utf8::last(part()).length;
  return {begin, end};
}

[[noreturn]] void refuse(std::string_view token, const std::string& source) {
  fail("{}: the special token \"{}\" stands in a prompt or response; take it out, or choose another `special_tokens`",
       source, printable(token));
}

}  // namespace

TextMarks::TextMarks(const std::vector<std::string>& literals, const Tokenizer& tokenizer) {
  StringMatcher special;
  std::string all_special;
  for (const std::string& token : tokenizer.special_tokens()) {
    special.add(token, 0);
    all_special += token + "\n";
  }
  special.prepare();
  for (const std::string& literal : std::span(literals).first(std::min(literals.size(), kMostLiterals))) {
    const auto [begin, end] = trimmed(literal, 0, literal.size());
    if (literal.size() < 2 || begin == end) continue;
    const bool part_of_token = special.find(literal, 0) || find_text(all_special, literal) != all_special.npos;
    if (!part_of_token) literals_.add(literal, 0);
  }
  literals_.prepare();
}

void TextMarks::mark_text(std::string& text, const std::string& mark, Origin origin) const {
  std::string marked;
  const auto add = [&](size_t from, size_t to) {
    const auto [begin, end] = trimmed(text, from, to);
    marked.append(text, from, begin - from);
    if (begin < end) ((marked += mark) += kBegins[origin]).append(text, begin, end - begin).append(mark) += kEnds;
    marked.append(text, end, to - end);
  };
  size_t done = 0;
  for (auto literal = literals_.find(text, 0); literal; literal = literals_.find(text, done)) {
    add(done, literal->begin);
    marked.append(text, literal->begin, literal->end - literal->begin);
    done = literal->end;
  }
  add(done, text.size());
  text = std::move(marked);
}

std::optional<TextMarks::Marked> TextMarks::mark(const Sample& sample) const {
  Marked marked{{sample.id, {}, sample.messages, sample.responses, sample.text_shows_images}, {}};
  const auto unused = unused_mark(marked.sample);
  if (!unused) return std::nullopt;
  marked.mark = *unused;
  for_each_markable(marked.sample.messages, [&](std::string& text) { mark_text(text, marked.mark, message); });
  for (std::string& text : marked.sample.responses) mark_text(text, marked.mark, response);
  return marked;
}

std::optional<std::vector<TextOrigin>> TextMarks::find(const std::string& rendered, const std::string& with_marks,
                                                       const std::string& mark) {
  std::vector<TextOrigin> origins;
  std::string text;
  bool inside = false;
  size_t done = 0;
  for (size_t at = with_marks.find(mark); at != with_marks.npos; at = with_marks.find(mark, done)) {
    text.append(with_marks, done, at - done);
    done = at + mark.size() + 1;
    if (done > with_marks.size()) return std::nullopt;
    const char kind = with_marks[done - 1];
    if (inside != (kind == kEnds)) return std::nullopt;
    if (inside)
      origins.back().end = text.size();
    else
      origins.push_back({text.size(), 0, kind == kBegins[message] ? message : response});
    inside = !inside;
  }
  text.append(with_marks, std::min(done, with_marks.size()));
  if (inside || text != rendered) return std::nullopt;
  return origins;
}

ReadText read_text(const std::string& rendered, std::span<const TextOrigin> origins, const Tokenizer& tokenizer,
                   const SpecialTokenPolicy& policy, const std::string& source) try {
  ReadText text;
  size_t own = policy.own_placeholders;
  bool any_as_text = false;
  for (const Tokenizer::ForeignToken& token : tokenizer.foreign_tokens(rendered, origins)) {
    const bool placeholder = token.id == policy.image_token;
    if (placeholder ? own > 0 && own-- > 0 : !token.special) continue;
    if (!placeholder && policy.how == SpecialTokens::refuse) refuse(token.content, source);
    TextNotes& notes = token.origin == TextMarks::response ? text.of_response : text.of_messages;
    const bool parsed = !placeholder && policy.how == SpecialTokens::parse;
    ++(placeholder ? notes.placeholders : parsed ? notes.special_tokens : notes.escaped_tokens);
    any_as_text = any_as_text || !parsed;
  }
  if (!any_as_text) {
    text.ids = tokenizer.encode(rendered, false);
    return text;
  }
  own = policy.own_placeholders;
  text.ids = tokenizer.encode(rendered, origins, [&](int32_t id, int) {
    if (id == policy.image_token) return own > 0 && own-- > 0;
    return policy.how == SpecialTokens::parse || !tokenizer.is_special(id);
  });
  return text;
} catch (const Error& error) {
  if (std::string_view(error.what()).starts_with(source)) throw;
  rethrow_at(source, error);
}

ReadText read_text_of_unknown_origin(const std::string& rendered, const Sample& sample, const std::string* response,
                                     const Tokenizer& tokenizer, const SpecialTokenPolicy& policy,
                                     const std::string& source) {
  ReadText text;
  size_t own = policy.own_placeholders;
  const auto count_in = [&](const std::string& part, TextNotes& notes) {
    size_t from = 0;
    while (const auto found = tokenizer.special_token_in(part, from, policy.image_token)) {
      const std::string_view token = std::string_view(part).substr(found->begin, found->end - found->begin);
      const bool placeholder = found->id == policy.image_token;
      from = found->end;
      if (placeholder && own > 0) {
        --own;
        continue;
      }
      if (!placeholder && policy.how == SpecialTokens::refuse) refuse(token, source);
      if (placeholder || policy.how == SpecialTokens::escape)
        fail(
            "{}: the special token \"{}\" cannot be read as text: the chat template changes the texts that it shows, "
            "or "
            "they hold all of U+FDD0 to U+FDEF; take the token out",
            source, printable(token));
      ++notes.special_tokens;
    }
  };
  OrderedJson messages = sample.messages;
  for_each_text(messages, [&](const std::string& part) { count_in(part, text.of_messages); });
  if (response) count_in(*response, text.of_response);
  text.ids = tokenizer.encode(rendered, false);
  return text;
}

}  // namespace vlrm
