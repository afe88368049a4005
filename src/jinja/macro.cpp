#include "jinja/macro.h"

#include <algorithm>

#include "jinja/rendering.h"

namespace vlrm::jinja {
namespace {

class Macro : public Object {
 public:
  Macro(const MacroDefinition& definition, Scope& outer) : definition_(definition), outer_(outer) {}
  std::string type_name() const override { return "Macro"; }
  bool callable() const override { return true; }
  std::string representation(Workspace&, int) const override {
    const std::string& name = definition_.parts().name;
    return name.empty() ? "<Macro anonymous>" : fmt::format("<Macro '{}'>", name);
  }
  Value call(Rendering& rendering, const Arguments& arguments) override {
    return definition_.call(rendering, outer_, arguments);
  }
  std::optional<Value> attribute(Workspace& workspace, std::string_view name) override {
    const MacroParts& parts = definition_.parts();
    if (name == "name") return parts.name.empty() ? Value() : workspace.text(parts.name);
    if (name == "caller") return Value::boolean(parts.uses_caller);
    if (name == "catch_kwargs") return Value::boolean(parts.uses_kwargs);
    if (name == "catch_varargs") return Value::boolean(parts.uses_varargs);
    if (name != "arguments") return std::nullopt;
    std::vector<Value> names;
    for (const auto& parameter : parts.parameters) names.push_back(workspace.text(parameter.name));
    return workspace.tuple(std::move(names));
  }

 private:
  const MacroDefinition& definition_;
  Scope& outer_;
};

std::optional<Value> take(Workspace& workspace, std::vector<std::pair<std::string, Value>>& named,
                          std::string_view name) {
  workspace.step(named.size() / 8);
  const auto found = std::find_if(named.begin(), named.end(), [&](const auto& entry) { return entry.first == name; });
  if (found == named.end()) return std::nullopt;
  const Value value = found->second;
  named.erase(found);
  return value;
}

}  // namespace

void MacroDefinition::settle(const Symbols& symbols) {
  Symbols inner(&symbols);
  for (const auto& parameter : parts_.parameters) inner.declare(parameter.id);
  for (const auto& parameter : parts_.parameters)
    if (parameter.fallback) {
      parameter.fallback->collect(inner);
      parameter.fallback->check(false);
    }
  if (parts_.uses_caller) inner.declare(parts_.caller);
  if (parts_.uses_kwargs) inner.declare(parts_.kwargs);
  if (parts_.uses_varargs) inner.declare(parts_.varargs);
  layout_ = settle_scope(parts_.body, inner);
}

Value MacroDefinition::bind(Rendering& rendering) const {
  return Value(&rendering.workspace.object<Macro>(*this, *rendering.scope()));
}

// Returns whether `caller` is one of the parameters that were given.
bool MacroDefinition::set_parameters(Rendering& rendering, Scope& scope, const Arguments& arguments,
                                     Named& named) const {
  const size_t given = std::min(arguments.positional.size(), parts_.parameters.size());
  bool caller_found = false;
  std::vector<size_t> missing;
  for (size_t i = 0; i < parts_.parameters.size(); ++i) {
    const auto& parameter = parts_.parameters[i];
    const auto value =
        i < given ? std::optional(arguments.positional[i]) : take(rendering.workspace, named, parameter.name);
    if (parameter.name == "caller") caller_found = true;
    if (value) {
      scope.set(parameter.id, *value);
    } else {
      missing.push_back(i);
    }
  }
  for (const size_t i : missing) {
    const auto& parameter = parts_.parameters[i];
    scope.set(parameter.id, parameter.fallback ? rendering.evaluate(*parameter.fallback)
                                               : rendering.workspace.undefined(
                                                     fmt::format("parameter '{}' was not provided", parameter.name)));
  }
  return caller_found;
}

void MacroDefinition::set_special(Rendering& rendering, Scope& scope, const Arguments& arguments, Named& named,
                                  bool caller_found) const {
  Workspace& workspace = rendering.workspace;
  if (parts_.uses_caller && !caller_found) {
    const auto caller = take(workspace, named, "caller");
    scope.set(parts_.caller, caller && !caller->is_none() ? *caller : workspace.undefined("No caller defined"));
  }
  if (parts_.uses_kwargs) {
    Dict& rest = workspace.dict();
    for (const auto& [name, value] : named) rest.set(workspace, workspace.text(name), value);
    scope.set(parts_.kwargs, Value(&rest));
  } else if (!named.empty()) {
    raise("macro '{}' takes no keyword argument '{}'", parts_.name, named.front().first);
  }
  const size_t known = std::min(arguments.positional.size(), parts_.parameters.size());
  if (parts_.uses_varargs) {
    scope.set(parts_.varargs, workspace.tuple({arguments.positional.begin() + static_cast<std::ptrdiff_t>(known),
                                               arguments.positional.end()}));
  } else if (arguments.positional.size() > known) {
    raise("macro '{}' takes not more than {} argument(s)", parts_.name, known);
  }
}

Value MacroDefinition::call(Rendering& rendering, Scope& outer, const Arguments& arguments) const {
  Scope& scope = rendering.new_scope(layout_, &outer);
  Named named = arguments.named;
  return rendering.within(scope, [&] {
    const bool caller_found = set_parameters(rendering, scope, arguments, named);
    set_special(rendering, scope, arguments, named, caller_found);
    return rendering.workspace.text(rendering.capture([&] { rendering.execute(parts_.body); }));
  });
}

Flow MacroStatement::execute(Rendering& rendering) const {
  rendering.assign(name_, definition_.bind(rendering));
  return Flow::next;
}

Flow CallBlock::execute(Rendering& rendering) const {
  const Value caller = definition_.bind(rendering);
  rendering.write(call_->evaluate_with(rendering, &caller));
  return Flow::next;
}

void CallBlock::settle(const Symbols& symbols, bool conditional) {
  call_->check(conditional);
  definition_.settle(symbols);
}

}  // namespace vlrm::jinja
