#include "text/chat_template.h"

#include <optional>

#include "base/error.h"
#include "base/utf8.h"
#include "jinja/globals.h"
#include "jinja/json_input.h"
#include "jinja/lexer.h"
#include "jinja/parser.h"
#include "jinja/rendering.h"
#include "jinja/template.h"

namespace vlrm {
namespace {

constexpr size_t kLargestTemplate = size_t{4} << 20;

[[noreturn]] void fail_at(const std::string& source, int line, const std::string& message) {
  fail("{}: line {}: {}", source, line, printable(message, 400));
}

}  // namespace

struct ChatTemplate::Impl {
  std::string text, source;
  jinja::Template parsed;
  std::optional<ChatTemplate> with_tools;  // another one, for conversations with tools
};

ChatTemplate::ChatTemplate(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

const std::string& ChatTemplate::text() const {
  return impl_->text;
}

std::vector<std::string> ChatTemplate::literals() const {
  std::vector<std::string> all = impl_->with_tools ? impl_->with_tools->literals() : std::vector<std::string>();
  for (jinja::Token& token : jinja::tokenize(impl_->text))
    if (token.kind == jinja::TokenKind::text) all.push_back(std::move(token.text));
  return all;
}

ChatTemplate ChatTemplate::parse(const std::string& text, const std::string& source) {
  if (text.size() > kLargestTemplate)
    fail("{}: the chat template is larger than {} MiB", source, kLargestTemplate >> 20);
  if (const auto invalid = utf8::first_invalid(text))
    fail("{}: the chat template is not UTF-8 at byte {}", source, *invalid);
  try {
    return ChatTemplate(std::make_unique<Impl>(Impl{text, source, jinja::Template::parse(text), std::nullopt}));
  } catch (const jinja::Problem& problem) {
    fail_at(source, problem.line(), problem.what());
  }
}

ChatTemplate ChatTemplate::with_tool_template(ChatTemplate general, ChatTemplate with_tools) {
  general.impl_->with_tools.emplace(std::move(with_tools));
  return general;
}

std::string ChatTemplate::render(const Input& input) const {
  const bool tools = input.variables.contains("tools") && !input.variables.at("tools").is_null();
  if (impl_->with_tools && tools) return impl_->with_tools->render(input);
  // transformers passes tools and documents always, as None where they are not given.
  OrderedJson variables = {{"tools", nullptr}, {"documents", nullptr}};
  variables.update(input.variables);
  variables["messages"] = input.messages;
  variables["add_generation_prompt"] = input.add_generation_prompt;
  try {
    return impl_->parsed.render(variables, input.clock);
  } catch (const jinja::Problem& problem) {
    std::string what = problem.what();
    if (what == "'strftime_now' is undefined")
      what += ": the template asks for a date without a fallback; `date` gives one";
    fail_at(impl_->source, problem.line(), what);
  }
}

}  // namespace vlrm
