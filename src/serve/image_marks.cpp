#include "serve/image_marks.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "serve/http_error.h"

namespace vlrm {
namespace {

// Between the two of a pair stands the inner token, once or more often.
struct ImageMark {
  std::string_view begin, inner, end;
  bool may_be_a_word = false;
};
constexpr std::array kImageMarks{
    ImageMark{"<|vision_start|>", "<|image_pad|>", "<|vision_end|>"},
    ImageMark{"<img>", "<IMG_CONTEXT>", "</img>"},
    ImageMark{"\n\n<start_of_image>", "<image_soft_token>", "<end_of_image>\n\n"},
    ImageMark{"<start_of_image>", "<image_soft_token>", "<end_of_image>"},
    ImageMark{"<start_of_image>", "", ""},
    ImageMark{"<|image|>", "", ""},
    ImageMark{"<image>", "", "", true},
};

struct FoundMark {
  size_t end = 0;  // in the text; 0: no mark
  bool may_be_a_word = false;
};

FoundMark mark_at(std::string_view text, size_t at) {
  if (text[at] != '<' && text[at] != '\n') return {};
  for (const ImageMark& mark : kImageMarks) {
    if (!text.substr(at).starts_with(mark.begin)) continue;
    size_t end = at + mark.begin.size();
    if (mark.inner.empty()) return {end, mark.may_be_a_word};
    const size_t first = end;
    while (text.substr(end).starts_with(mark.inner)) end += mark.inner.size();
    if (end > first && text.substr(end).starts_with(mark.end)) return {end + mark.end.size(), mark.may_be_a_word};
  }
  return {};
}

// Calls use(text) for the contents of all messages but the assistant's: strings, and the texts of parts.
template <class Messages, class Use>
void for_each_text(Messages& messages, const Use& use) {
  for (auto& message : messages) {
    if (!message.is_object() || !message.contains("content")) continue;
    if (message.contains("role") && message["role"] == "assistant") continue;
    auto& content = message["content"];
    if (content.is_string()) use(content);
    if (content.is_array())
      for (auto& part : content)
        if (part.is_object() && part.contains("text") && part["text"].is_string()) use(part["text"]);
  }
}

struct MarksOfTexts {
  size_t sure = 0, words = 0;

  void add(const std::string& text) {
    for (size_t at = 0; at < text.size();) {
      const FoundMark mark = mark_at(text, at);
      if (mark.end > 0) ++(mark.may_be_a_word ? words : sure);
      at = std::max(mark.end, at + 1);
    }
  }
};

// The parts of a text. `words`: whether those that may be words are marks, too.
OrderedJson parts_of(const std::string& text, bool words, bool shown) {
  OrderedJson parts = OrderedJson::array();
  std::string since;
  const auto end_text = [&] {
    if (!since.empty()) parts.push_back({{"type", "text"}, {"text", since}});
    since.clear();
  };
  for (size_t at = 0; at < text.size();) {
    const FoundMark mark = mark_at(text, at);
    if (mark.end == 0 || (mark.may_be_a_word && !words)) {
      since += text[at++];
      continue;
    }
    if (shown) {
      end_text();
      parts.push_back({{"type", "image"}});
    }
    at = mark.end;
  }
  end_text();
  return parts;
}

OrderedJson content_with_places(const OrderedJson& content, bool words, bool shown) {
  if (content.is_string()) {
    OrderedJson parts = parts_of(content.get<std::string>(), words, shown);
    if (parts.empty()) return "";
    const bool one_text = parts.size() == 1 && parts[0]["type"] == "text";
    return one_text ? parts[0]["text"] : parts;
  }
  if (!content.is_array()) return content;
  OrderedJson result = OrderedJson::array();
  for (const auto& part : content) {
    const bool text = part.is_object() && part.contains("text") && part["text"].is_string();
    const OrderedJson parts =
        text ? parts_of(part["text"].get<std::string>(), words, shown) : OrderedJson::array({part});
    result.insert(result.end(), parts.begin(), parts.end());
  }
  return result;
}

}  // namespace

OrderedJson with_image_places(OrderedJson messages, size_t images, bool blind, const std::string& field) {
  MarksOfTexts marks;
  for_each_text(messages, [&](const OrderedJson& text) { marks.add(text.get_ref<const std::string&>()); });
  const bool words = images == marks.sure + marks.words;
  const bool as_many = words || images == marks.sure;
  if (marks.sure == 0 && (images == 0 || marks.words == 0)) return messages;
  if (!as_many && !blind)
    throw bad_request(fmt::format("{}: the prompt has the places of {} image{}, and {} {} given; give as many in the "
                                  "label, or the `mode` no-image",
                                  field, marks.sure + marks.words, marks.sure + marks.words == 1 ? "" : "s", images,
                                  images == 1 ? "is" : "are"),
                      field);
  for (auto& message : messages)
    if (message.is_object() && message.contains("content") &&
        !(message.contains("role") && message["role"] == "assistant"))
      message["content"] = content_with_places(message["content"], words, as_many);
  return messages;
}

std::optional<size_t> end_of_prompt(std::string_view text, std::string_view prompt) {
  constexpr std::array<std::string_view, 4> kFirst{"", "<|begin_of_text|>", "<bos>", "<s>"};
  const auto skip_marks = [](std::string_view of, size_t at) {
    while (at < of.size()) {
      const FoundMark mark = mark_at(of, at);
      if (mark.end == 0) break;
      at = mark.end;
    }
    return at;
  };
  for (const std::string_view first : kFirst) {
    if (!text.starts_with(first)) continue;
    size_t at = first.size(), of_prompt = 0;
    while (of_prompt < prompt.size() && at < text.size()) {
      const size_t behind = skip_marks(prompt, of_prompt), behind_text = skip_marks(text, at);
      if (behind > of_prompt && behind_text > at) {
        of_prompt = behind;
        at = behind_text;
      } else if (prompt[of_prompt] == text[at]) {
        ++of_prompt;
        ++at;
      } else {
        break;
      }
    }
    if (of_prompt == prompt.size()) return at;
  }
  return std::nullopt;
}

}  // namespace vlrm
