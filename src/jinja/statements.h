// Statements of a template, as parsed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "jinja/expressions.h"
#include "jinja/symbols.h"

namespace vlrm::jinja {

enum class Flow { next, leave_loop, next_item };

// What of a scope is known before it runs: the names that it sets and that have no value until then. Sorted.
struct ScopeLayout {
  std::vector<NameId> unset;
};

class Statement {
 public:
  explicit Statement(int line) : line_(line) {}
  virtual ~Statement() = default;
  virtual Flow execute(Rendering& rendering) const = 0;
  // Tells the names that it reads and sets in the scope where it stands.
  virtual void collect(Symbols& symbols) const = 0;
  // Once all names of the scope are known: lays out the scopes within and checks filters and tests. `conditional`:
  // those that do not exist are no error until they are used.
  virtual void settle(const Symbols& symbols, bool conditional) = 0;
  int line() const { return line_; }

 private:
  const int line_;
};

using StatementPtr = std::unique_ptr<Statement>;
using Body = std::vector<StatementPtr>;

void collect(const Body& body, Symbols& symbols);
void settle(const Body& body, const Symbols& symbols, bool conditional);
// A body that is a scope of its own, of which `symbols` knows the parameters.
ScopeLayout settle_scope(const Body& body, Symbols& symbols);

// What a value is assigned to: a name, an attribute of a namespace, or several of them.
class Target {
 public:
  static Target name(NameId name) { return Target{name, "", {}, false}; }
  static Target attribute(NameId name, std::string attribute) { return Target{name, std::move(attribute), {}, false}; }
  static Target parts(std::vector<Target> parts) { return Target{0, "", std::move(parts), true}; }

  void assign(Rendering& rendering, const Value& value) const;
  void check_namespaces(Rendering& rendering) const;  // raises where one is none
  void set_in(Symbols& symbols) const;
  void declare_in(Symbols& symbols) const;

 private:
  Target(NameId name, std::string attribute, std::vector<Target> parts, bool unpacks)
      : name_(name), attribute_(std::move(attribute)), parts_(std::move(parts)), unpacks_(unpacks) {}
  NameId name_;
  std::string attribute_;
  std::vector<Target> parts_;
  bool unpacks_;
};

// Text and {{ expressions }} in a row.
class Output : public Statement {
 public:
  struct Part {
    std::string text;
    ExpressionPtr expression;  // null: the text
  };
  Output(int line, std::vector<Part> parts) : Statement(line), parts_(std::move(parts)) {}
  Flow execute(Rendering& rendering) const override;
  void collect(Symbols& symbols) const override;
  void settle(const Symbols& symbols, bool conditional) override;

 private:
  const std::vector<Part> parts_;
};

class If : public Statement {
 public:
  struct Branch {
    ExpressionPtr condition;
    Body body;
  };
  If(int line, std::vector<Branch> branches, Body otherwise)
      : Statement(line), branches_(std::move(branches)), otherwise_(std::move(otherwise)) {}
  Flow execute(Rendering& rendering) const override;
  void collect(Symbols& symbols) const override;
  void settle(const Symbols& symbols, bool conditional) override;

 private:
  const std::vector<Branch> branches_;
  const Body otherwise_;
};

class Set : public Statement {
 public:
  Set(int line, Target target, ExpressionPtr value)
      : Statement(line), target_(std::move(target)), value_(std::move(value)) {}
  Flow execute(Rendering& rendering) const override;
  void collect(Symbols& symbols) const override;
  void settle(const Symbols&, bool conditional) override { value_->check(conditional); }

 private:
  const Target target_;
  const ExpressionPtr value_;
};

// {% set x %}…{% endset %}
class SetBlock : public Statement {
 public:
  SetBlock(int line, Target target, ExpressionPtr filter, Body body)
      : Statement(line), target_(std::move(target)), filter_(std::move(filter)), body_(std::move(body)) {}
  Flow execute(Rendering& rendering) const override;
  void collect(Symbols& symbols) const override { target_.set_in(symbols); }
  void settle(const Symbols& symbols, bool conditional) override;

 private:
  const Target target_;
  const ExpressionPtr filter_;  // of what is captured; null: none
  const Body body_;
  ScopeLayout layout_;
};

class FilterBlock : public Statement {
 public:
  FilterBlock(int line, ExpressionPtr filter, Body body)
      : Statement(line), filter_(std::move(filter)), body_(std::move(body)) {}
  Flow execute(Rendering& rendering) const override;
  void collect(Symbols& symbols) const override { filter_->collect(symbols); }
  void settle(const Symbols& symbols, bool conditional) override;

 private:
  const ExpressionPtr filter_;
  const Body body_;
  ScopeLayout layout_;
};

class With : public Statement {
 public:
  struct Setting {
    Target target;
    ExpressionPtr value;
  };
  using Settings = std::vector<Setting>;
  With(int line, Settings settings, Body body)
      : Statement(line), settings_(std::move(settings)), body_(std::move(body)) {}
  Flow execute(Rendering& rendering) const override;
  void collect(Symbols& symbols) const override;
  void settle(const Symbols& symbols, bool conditional) override;

 private:
  const Settings settings_;
  const Body body_;
  ScopeLayout layout_;
};

// {% generation %}: marks what the assistant said for training; renders as it is.
class Generation : public Statement {
 public:
  Generation(int line, Body body) : Statement(line), body_(std::move(body)) {}
  Flow execute(Rendering& rendering) const override;
  void collect(Symbols&) const override {}
  void settle(const Symbols& symbols, bool conditional) override;

 private:
  const Body body_;
  ScopeLayout layout_;
};

class Jump : public Statement {
 public:
  Jump(int line, Flow flow) : Statement(line), flow_(flow) {}
  Flow execute(Rendering&) const override { return flow_; }
  void collect(Symbols&) const override {}
  void settle(const Symbols&, bool) override {}

 private:
  const Flow flow_;
};

}  // namespace vlrm::jinja
