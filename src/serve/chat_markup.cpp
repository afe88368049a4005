#include "serve/chat_markup.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "serve/http_error.h"

namespace vlrm {

struct ChatMarkup::Style {
  std::string_view name, before_role, after_role, end, assistant;
};

namespace {

constexpr std::array kStyles{
    ChatMarkup::Style{"chatml", "<|im_start|>", "\n", "<|im_end|>", "assistant"},
    ChatMarkup::Style{"llama3", "<|start_header_id|>", "<|end_header_id|>\n\n", "<|eot_id|>", "assistant"},
    ChatMarkup::Style{"gemma", "<start_of_turn>", "\n", "<end_of_turn>", "model"},
};

// What families write for an image; between two of a pair any number of the third.
struct Placeholder {
  std::string_view begin, inner, end;
};
constexpr std::array kPlaceholders{
    Placeholder{"<|vision_start|>", "<|image_pad|>", "<|vision_end|>"},
    Placeholder{"<img>", "<IMG_CONTEXT>", "</img>"},
    Placeholder{"<start_of_image>", "<image_soft_token>", "<end_of_image>"},
    Placeholder{"<|image|>", "", ""},
    Placeholder{"<image>", "", ""},
};

// Where the placeholder at `at` ends; `at` itself where none begins.
size_t end_of_placeholder(std::string_view text, size_t at) {
  for (const Placeholder& kind : kPlaceholders) {
    if (!text.substr(at).starts_with(kind.begin)) continue;
    size_t end = at + kind.begin.size();
    while (!kind.inner.empty() && text.substr(end).starts_with(kind.inner)) end += kind.inner.size();
    if (text.substr(end).starts_with(kind.end)) end += kind.end.size();
    return end;
  }
  return at;
}

std::string without_placeholders(std::string_view text) {
  std::string result;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text[at] == '<' ? end_of_placeholder(text, at) : at;
    if (end > at) {
      at = end;
    } else {
      result += text[at++];
    }
  }
  return result;
}

// Trainers decode what the policy wrote, its end token with it.
std::string without_ends(std::string text) {
  constexpr std::array<std::string_view, 5> kEnds{"<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|endoftext|>",
                                                  "<|end_of_text|>"};
  for (bool found = true; found;) {
    found = false;
    while (!text.empty() && text.back() == '\n' && text.size() > 1) {
      const bool ends =
          std::ranges::any_of(kEnds, [&](std::string_view end) { return text.ends_with(std::string(end) + "\n"); });
      if (!ends) break;
      text.pop_back();
    }
    for (const std::string_view end : kEnds)
      if (text.ends_with(end)) {
        text.resize(text.size() - end.size());
        found = true;
      }
  }
  return text;
}

std::string assistant_begins(const ChatMarkup::Style& style) {
  return fmt::format("{}{}{}", style.before_role, style.assistant, style.after_role);
}

}  // namespace

ChatMarkup::ChatMarkup(const std::string& name) {
  if (name.empty()) return;
  const auto known = std::ranges::find(kStyles, name, &Style::name);
  if (known != kStyles.end()) {
    style_ = &*known;
    return;
  }
  try {
    expression_.emplace(name, "the expression");
  } catch (const Error& error) {
    throw OptionError("response_template",
                      fmt::format("chatml, llama3, gemma, or a regular expression: {}", error.what()));
  }
}

const ChatMarkup::Style& ChatMarkup::style_of(const std::string& rendered, const std::string& field) const {
  if (style_ != nullptr) {
    if (rendered.find(assistant_begins(*style_)) == rendered.npos)
      throw bad_request(
          fmt::format("{}: has no {:?} of {} (--response-template)", field, assistant_begins(*style_), style_->name),
          field);
    return *style_;
  }
  const Style* fitting = nullptr;
  for (const Style& style : kStyles) {
    if (rendered.find(assistant_begins(style)) == rendered.npos) continue;
    if (fitting != nullptr)
      throw bad_request(fmt::format("{}: two chat templates fit, {} and {}: say which with --response-template", field,
                                    fitting->name, style.name),
                        field);
    fitting = &style;
  }
  if (fitting == nullptr)
    throw bad_request(field +
                          ": is not a text of a known chat template (chatml, llama3, gemma): say how a response "
                          "begins with --response-template",
                      field);
  return *fitting;
}

std::string ChatMarkup::last_response(const std::string& rendered, const std::string& field) const {
  if (expression_) {
    std::vector<Match> matches;
    expression_->find_all(rendered, matches);
    if (matches.empty()) throw bad_request(field + ": the expression of --response-template does not match", field);
    return without_ends(rendered.substr(matches.back().end));
  }
  const std::string begin = assistant_begins(style_of(rendered, field));
  return without_ends(rendered.substr(rendered.rfind(begin) + begin.size()));
}

std::vector<ChatMarkup::Turn> ChatMarkup::turns(const std::string& rendered, const std::string& field) const {
  if (expression_)
    throw bad_request(field +
                          ": --response-template is an expression, which does not tell the prompt: labels must hold "
                          "\"prompt\" as JSON",
                      field);
  const Style& style = style_of(rendered, field);
  std::vector<Turn> result;
  for (size_t at = rendered.find(style.before_role); at != rendered.npos;) {
    const size_t role = at + style.before_role.size(), role_end = rendered.find(style.after_role, role);
    if (role_end == rendered.npos) break;
    const size_t text = role_end + style.after_role.size();
    const size_t end = std::min(rendered.find(style.end, text), rendered.size());
    std::string name = rendered.substr(role, role_end - role);
    if (name == style.assistant) name = "assistant";
    result.push_back({std::move(name), without_placeholders(std::string_view(rendered).substr(text, end - text))});
    at = rendered.find(style.before_role, end);
  }
  return result;
}

}  // namespace vlrm
