#include "prompt/special_tokens.h"

#include "base/error.h"
#include "base/replaced.h"
#include "base/utf8.h"

namespace vlrm {
namespace {

// Characters that Unicode promises never to use, from U+FDD0 on.
constexpr int kNoncharacters = 32;
std::string noncharacter(int number) {
  return {'\xEF', '\xB7', static_cast<char>(0x90 + number)};
}

// Every string in `value`: contents, whatever other fields a template may show.
void for_each_text(OrderedJson& value, const std::function<void(std::string&)>& use) {
  if (value.is_string()) use(value.get_ref<std::string&>());
  if (value.is_structured())
    for (OrderedJson& part : value) for_each_text(part, use);
}

void for_each_text(Sample& sample, const std::function<void(std::string&)>& use) {
  for_each_text(sample.messages, use);
  for (std::string& response : sample.responses) use(response);
}

std::string unused_mark(Sample& sample, const std::string& source) {
  for (int i = 0; i < kNoncharacters; ++i) {
    bool used = false;
    for_each_text(sample, [&](const std::string& text) { used = used || text.find(noncharacter(i)) != text.npos; });
    if (!used) return noncharacter(i);
  }
  fail("{}: holds special tokens and all of U+FDD0 to U+FDEF; take one of these characters out", source);
}

}  // namespace

MarkedSample mark_special_tokens(const Sample& sample, const Tokenizer& tokenizer, SpecialTokens how,
                                 int32_t image_token, const std::string& source) {
  MarkedSample marked{{sample.id, {}, sample.messages, sample.responses, sample.text_shows_images}, {}, {}, 0};
  size_t own_placeholders = sample.text_shows_images ? sample.images.size() : 0;
  const auto mark_text = [&](std::string& text) {
    std::string written;
    size_t done = 0, from = 0;
    while (const auto found = tokenizer.special_token_in(text, from, image_token)) {
      const std::string_view token = std::string_view(text).substr(found->begin, found->end - found->begin);
      const bool placeholder = found->id == image_token;
      if (placeholder && own_placeholders > 0) {
        --own_placeholders;
        from = found->end;
        continue;
      }
      if (!placeholder && how == SpecialTokens::refuse)
        fail(
            "{}: the special token \"{}\" stands in a prompt or response; take it out, or choose another "
            "--special-tokens",
            source, printable(token));
      if (!placeholder && how == SpecialTokens::parse) {
        ++marked.notes.special_tokens;
        from = found->end;
        continue;
      }
      ++(placeholder ? marked.notes.placeholders : marked.notes.escaped_tokens);
      from = found->begin + utf8::first(token).length;
      if (from == found->end)
        fail("{}: the special token \"{}\" is one character, which cannot be read as text", source, printable(token));
      if (marked.mark.empty()) marked.mark = unused_mark(marked.sample, source);
      written.append(text, done, from - done) += marked.mark;
      done = from;
    }
    if (done > 0) text = written.append(text, done);
  };
  for_each_text(marked.sample, mark_text);
  return marked;
}

std::string without_marks(const std::string& text, const std::string& mark) {
  return mark.empty() ? text : replaced(text, mark, "");
}

}  // namespace vlrm
