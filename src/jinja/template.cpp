#include "jinja/template.h"

#include "jinja/globals.h"
#include "jinja/json_input.h"
#include "jinja/parser.h"
#include "jinja/rendering.h"

namespace vlrm::jinja {

struct Template::Impl {
  Program program;
};

namespace {

// What every template can call.
void give_globals(Rendering& rendering, const Program& program, bool clock) {
  for (const NamedFunction& global : globals()) {
    if (global.name == "strftime_now" && !clock) continue;
    auto& function = rendering.workspace.object<BoundFunction>(global.name, global.function, Value());
    rendering.give(program.names.all().at(std::string(global.name)), Value(&function));
  }
}

void give_variables(Rendering& rendering, const Program& program, const OrderedJson& variables) {
  for (const auto& [name, value] : variables.items()) {
    const auto found = program.names.all().find(name);  // others are not mentioned
    if (found != program.names.all().end()) rendering.give(found->second, from_json(rendering.workspace, value));
  }
}

}  // namespace

Template::Template(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;
Template::~Template() = default;

Template Template::parse(const std::string& text) {
  return Template(std::make_unique<Impl>(Impl{jinja::parse(text)}));
}

std::string Template::render(const OrderedJson& variables, const Clock* clock) const {
  const Program& program = impl_->program;
  Rendering rendering(program.names, program.layout, clock);
  try {
    give_globals(rendering, program, clock != nullptr);
    give_variables(rendering, program, variables);
    rendering.run(program.body);
    return rendering.take_output();
  } catch (const Problem& problem) {
    throw Problem(problem.what(), problem.line() > 0 ? problem.line() : rendering.line());
  }
}

}  // namespace vlrm::jinja
