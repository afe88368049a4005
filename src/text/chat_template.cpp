#include "text/chat_template.h"

#include "base/error.h"
#include "base/utf8.h"
#include "text/jinja/globals.h"
#include "text/jinja/json_input.h"
#include "text/jinja/parser.h"
#include "text/jinja/rendering.h"

namespace vlrm {
namespace {

constexpr size_t kLargestTemplate = size_t{4} << 20;

[[noreturn]] void fail_at(const std::string& source, int line, const std::string& message) {
  fail("{}: line {}: {}", source, line, printable(message, 400));
}

// The variables that a template may ask for beyond those given: what every environment has.
void give_globals(jinja::Rendering& rendering, const jinja::Program& program, bool clock) {
  for (const jinja::NamedFunction& global : jinja::globals()) {
    if (global.name == "strftime_now" && !clock) continue;
    auto& function = rendering.workspace.object<jinja::BoundFunction>(global.name, global.function, jinja::Value());
    rendering.give(program.names.all().at(std::string(global.name)), jinja::Value(&function));
  }
}

void give_variable(jinja::Rendering& rendering, const jinja::Program& program, const std::string& name,
                   const OrderedJson& json) {
  const auto found = program.names.all().find(name);
  if (found != program.names.all().end()) rendering.give(found->second, jinja::from_json(rendering.workspace, json));
}

}  // namespace

struct ChatTemplate::Impl {
  std::string text, source;
  jinja::Program program;
  std::optional<ChatTemplate> with_tools;  // another one, for conversations with tools
};

ChatTemplate::ChatTemplate(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

const std::string& ChatTemplate::text() const {
  return impl_->text;
}

ChatTemplate ChatTemplate::parse(const std::string& text, const std::string& source) {
  if (text.size() > kLargestTemplate)
    fail("{}: the chat template is larger than {} MiB", source, kLargestTemplate >> 20);
  if (const auto invalid = utf8::first_invalid(text))
    fail("{}: the chat template is not UTF-8 at byte {}", source, *invalid);
  auto impl = std::make_unique<Impl>();
  impl->text = text;
  impl->source = source;
  try {
    impl->program = jinja::parse(text);
  } catch (const jinja::Problem& problem) {
    fail_at(source, problem.line(), problem.what());
  }
  return ChatTemplate(std::move(impl));
}

ChatTemplate ChatTemplate::with_tool_template(ChatTemplate general, ChatTemplate with_tools) {
  general.impl_->with_tools.emplace(std::move(with_tools));
  return general;
}

std::string ChatTemplate::render(const Input& input) const {
  const bool tools = input.variables.contains("tools") && !input.variables.at("tools").is_null();
  if (impl_->with_tools && tools) return impl_->with_tools->render(input);
  const jinja::Program& program = impl_->program;
  jinja::Rendering rendering(program.names, program.layout, input.clock);
  try {
    give_globals(rendering, program, input.clock != nullptr);
    // transformers passes both, with none where there are none.
    give_variable(rendering, program, "tools", nullptr);
    give_variable(rendering, program, "documents", nullptr);
    for (const auto& [name, value] : input.variables.items()) give_variable(rendering, program, name, value);
    give_variable(rendering, program, "messages", input.messages);
    give_variable(rendering, program, "add_generation_prompt", input.add_generation_prompt);
    rendering.run(program.body);
    return rendering.take_output();
  } catch (const jinja::Problem& problem) {
    std::string what = problem.what();
    if (what == "'strftime_now' is undefined")
      what += ": the template asks for a date without a fallback; --date gives one";
    fail_at(impl_->source, problem.line() > 0 ? problem.line() : rendering.line(), what);
  }
}

}  // namespace vlrm
