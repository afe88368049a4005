#include "jinja/rendering.h"

#include <algorithm>

#include "base/error.h"

namespace vlrm::jinja {

void Scope::set(NameId name, const Value& value) {
  workspace_.step(values_.size() / kLookedAtInAStep);
  for (auto& [other, held] : values_)
    if (other == name) {
      held = value;
      return;
    }
  if (values_.size() == values_.capacity()) workspace_.take((values_.capacity() + 4) * sizeof(values_[0]));
  values_.emplace_back(name, value);
}

const Value* Scope::find(NameId name) const {
  workspace_.step(values_.size() / kLookedAtInAStep);
  for (const auto& [other, held] : values_)
    if (other == name) return &held;
  return nullptr;
}

bool Scope::starts_unset(NameId name) const {
  return std::binary_search(layout_.unset.begin(), layout_.unset.end(), name);
}

Rendering::Rendering(const Names& names, const ScopeLayout& layout, const Clock* clock)
    : names_(names), clock_(clock), variables_(names.all().size()), scope_(&new_scope(layout, nullptr)) {}

void Rendering::give(NameId name, const Value& value) {
  variables_[static_cast<size_t>(name)] = value;
}

Flow Rendering::run(const Body& body) {
  return execute(body);
}

Value Rendering::evaluate(const Expression& expression) {
  Deeper deeper(workspace);
  workspace.step();
  line_ = expression.line();
  return expression.evaluate(*this);
}

Flow Rendering::execute(const Body& body) {
  Deeper deeper(workspace);
  for (const StatementPtr& statement : body) {
    workspace.step();
    line_ = statement->line();
    const Flow flow = statement->execute(*this);
    if (flow != Flow::next) return flow;
  }
  return Flow::next;
}

Value Rendering::lookup(NameId name) {
  const auto undefined = [&] { return workspace.undefined(fmt::format("'{}' is undefined", names_.name_of(name))); };
  for (const Scope* scope = scope_; scope; scope = scope->outer()) {
    if (scope != scope_) workspace.step();
    if (const Value* value = scope->find(name)) return *value;
    if (scope->starts_unset(name)) return undefined();
  }
  const auto& given = variables_[static_cast<size_t>(name)];
  return given ? *given : undefined();
}

void Rendering::write(std::string_view text) {
  workspace.take(text.size());
  *output_ += text;
}

void Rendering::write(const Value& value) {
  const size_t before = output_->size();
  append_string(workspace, *output_, value);
  workspace.take(output_->size() - before);
}

Value Rendering::call(const Value& function, const Arguments& arguments) {
  if (function.is_undefined()) raise_undefined(function);
  if (!function.is(Value::Kind::object)) raise("'{}' object is not callable", type_name(function));
  Deeper deeper(workspace);
  return function.as_object().call(*this, arguments);
}

Value Rendering::apply(std::span<const NamedFunction> table, const char* what, const Value& name, const Value& self,
                       const Arguments& arguments) {
  if (name.is_undefined()) raise_undefined(name);
  const NamedFunction* found = name.is_text() ? find_function(table, name.bytes()) : nullptr;
  if (!found) raise("no {} named {}", what, representation_of(workspace, name));
  if (!found->function) raise("the {} '{}' is not supported", what, found->name);
  Deeper deeper(workspace);
  look_at_given(workspace, self, arguments);
  return found->function(*this, self, arguments);
}

Scope& Rendering::new_scope(const ScopeLayout& layout, Scope* outer) {
  workspace.take(sizeof(Scope) + 4 * sizeof(Value));
  return scopes_.emplace_back(workspace, outer, layout);
}

}  // namespace vlrm::jinja
