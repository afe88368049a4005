// Functions written in C++ that templates call: filters, tests, methods and globals.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "jinja/operations.h"

namespace vlrm::jinja {

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

// `self`: what the filter or test is applied to, or the method called on.
using Function = Value (*)(Rendering& rendering, const Value& self, const Arguments& arguments);

struct NamedFunction {
  std::string_view name;
  Function function;  // null: known, but refused by the sandbox or not supported
};

// By name, in a table sorted by it; null where there is none.
const NamedFunction* find_function(std::span<const NamedFunction> table, std::string_view name);

std::span<const NamedFunction> filters();
std::span<const NamedFunction> tests();
std::span<const NamedFunction> methods_of(Value::Kind kind);

// Counts the bytes of the texts that a function is given: it may read all of them.
void look_at_given(Workspace& workspace, const Value& self, const Arguments& arguments);

// Arguments given to the parameters of one function, as Python binds them. Raises where they do not fit.
class Parameters {
 public:
  // A name that starts with '/' takes no keyword. The first `required` have no default.
  Parameters(const char* function, const Arguments& arguments, std::initializer_list<std::string_view> names,
             size_t required = 0);

  bool has(size_t i) const { return values_[i].has_value(); }
  Value value(size_t i, Value fallback = {}) const { return values_[i].value_or(fallback); }
  const Text& text(size_t i) const;  // given, and a str
  int64_t integer(size_t i, int64_t fallback) const;
  bool truthy(size_t i, bool fallback = false) const { return has(i) ? is_truthy(*values_[i]) : fallback; }
  bool has_value(size_t i) const { return has(i) && !values_[i]->is_none(); }

 private:
  const char* function_;
  std::vector<std::optional<Value>> values_;
};

// A function as a value: a global, or a method bound to what it was looked up on.
class BoundFunction : public Object {
 public:
  BoundFunction(std::string_view name, Function function, Value self) : name_(name), function_(function), self_(self) {}
  std::string type_name() const override { return "builtin_function_or_method"; }
  bool callable() const override { return true; }
  Value call(Rendering& rendering, const Arguments& arguments) override;

 private:
  const std::string name_;
  const Function function_;
  const Value self_;
};

// An iterator from a function that gives the next value, or nothing at the end.
template <class Next>
class Generator : public Iterator {
 public:
  Generator(Workspace& workspace, Next next) : workspace_(workspace), next_(std::move(next)) {}
  std::optional<Value> next() override {
    Deeper deeper(workspace_);  // generators of generators
    return next_();
  }

 private:
  Workspace& workspace_;
  Next next_;
};

template <class Next>
Iterator& generate(Workspace& workspace, Next next) {
  return workspace.object<Generator<Next>>(workspace, std::move(next));
}

}  // namespace vlrm::jinja
