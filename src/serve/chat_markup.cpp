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

bool ChatMarkup::fits(const std::string& text) const {
  if (expression_) {
    std::vector<Match> matches;
    expression_->find_all(text, matches);
    return !matches.empty();
  }
  const auto has_turns = [&](const Style& style) { return text.find(style.before_role) != text.npos; };
  return style_ != nullptr ? has_turns(*style_) : std::ranges::any_of(kStyles, has_turns);
}

std::vector<size_t> ChatMarkup::ends_of_beginnings(const std::string& rendered, const std::string& field) const {
  std::vector<size_t> ends;
  if (expression_) {
    std::vector<Match> matches;
    expression_->find_all(rendered, matches);
    if (matches.empty()) throw bad_request(field + ": the expression of --response-template does not match", field);
    for (const Match& match : matches) ends.push_back(match.end);
    return ends;
  }
  const std::string begin = assistant_begins(style_of(rendered, field));
  for (size_t at = rendered.find(begin); at != rendered.npos; at = rendered.find(begin, at + begin.size()))
    ends.push_back(at + begin.size());
  return ends;
}

std::string ChatMarkup::last_response(const std::string& rendered, const std::string& field) const {
  return rendered.substr(ends_of_beginnings(rendered, field).back());
}

int64_t ChatMarkup::responses(const std::string& rendered, const std::string& field) const {
  return std::ssize(ends_of_beginnings(rendered, field));
}

std::string ChatMarkup::begun_response(const std::string& prompt, const std::string& field) const {
  if (expression_) return last_response(prompt, field);
  const std::vector<Turn> turns = this->turns(prompt, field);
  if (turns.empty() || turns.back().role != "assistant" || turns.back().ended)
    throw bad_request(field + ": does not end with the beginning of the assistant's turn (add_generation_prompt)",
                      field);
  return turns.back().text;
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
    const size_t end = rendered.find(style.end, text);
    std::string name = rendered.substr(role, role_end - role);
    if (name == style.assistant) name = "assistant";
    result.push_back(
        {std::move(name), rendered.substr(text, std::min(end, rendered.size()) - text), end != rendered.npos});
    at = rendered.find(style.before_role, std::min(end, rendered.size()));
  }
  return result;
}

std::string ChatMarkup::without_ends(std::string text) {
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

}  // namespace vlrm
