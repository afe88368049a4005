// One rendering of a template: its scopes, its output and what it has used so far.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "jinja/clock.h"
#include "jinja/expressions.h"
#include "jinja/statements.h"
#include "jinja/workspace.h"

namespace vlrm::jinja {

// The variables that a template, a loop, a macro or a block has set.
class Scope {
 public:
  Scope(Workspace& workspace, Scope* outer, const ScopeLayout& layout)
      : workspace_(workspace), outer_(outer), layout_(layout) {}
  void set(NameId name, const Value& value);
  const Value* find(NameId name) const;
  bool starts_unset(NameId name) const;
  void clear() { values_.clear(); }
  Scope* outer() const { return outer_; }

 private:
  static constexpr size_t kLookedAtInAStep = 32;
  Workspace& workspace_;
  Scope* const outer_;
  const ScopeLayout& layout_;
  std::vector<std::pair<NameId, Value>> values_;
};

class Rendering {
 public:
  // `variables`: by name, those that the template mentions.
  Rendering(const Names& names, const ScopeLayout& layout, const Clock* clock);

  Workspace workspace;

  void give(NameId name, const Value& value);  // a variable of the caller's
  Flow run(const Body& body);
  std::string take_output() { return std::move(root_output_); }
  int line() const { return line_; }
  const Clock* clock() const { return clock_; }

  // For nodes.
  Value evaluate(const Expression& expression);
  Flow execute(const Body& body);
  Value lookup(NameId name);
  void assign(NameId name, const Value& value) { scope_->set(name, value); }
  void at_line(int line) { line_ = line; }
  void write(std::string_view text);
  void write(const Value& value);
  Value call(const Value& function, const Arguments& arguments);
  Value apply(std::span<const NamedFunction> table, const char* what, const Value& name, const Value& self,
              const Arguments& arguments);

  Scope& new_scope(const ScopeLayout& layout, Scope* outer);
  Scope& new_scope(const ScopeLayout& layout) { return new_scope(layout, scope_); }
  Scope* scope() const { return scope_; }

  // Runs `action` with another scope, or with its output captured.
  template <class Action>
  auto within(Scope& scope, Action&& action) {
    Restore<Scope*> restore(scope_, &scope);
    return action();
  }
  template <class Action>
  std::string capture(Action&& action) {
    std::string captured;
    Restore<std::string*> restore(output_, &captured);
    action();
    return captured;
  }
  template <class Action>
  auto with_captured(const Value& text, Action&& action) {
    Restore<Value> restore(captured_, text);
    return action();
  }
  const Value& captured() const { return captured_; }

 private:
  template <class T>
  class Restore {
   public:
    Restore(T& place, T value) : place_(place), before_(place) { place_ = value; }
    Restore(const Restore&) = delete;
    Restore& operator=(const Restore&) = delete;
    ~Restore() { place_ = before_; }

   private:
    T& place_;
    const T before_;
  };

  const Names& names_;
  const Clock* const clock_;
  std::vector<std::optional<Value>> variables_;
  std::deque<Scope> scopes_;
  Scope* scope_;
  std::string root_output_;
  std::string* output_ = &root_output_;
  Value captured_;
  int line_ = 1;
};

}  // namespace vlrm::jinja
