// {% macro %} and {% call %}
#pragma once

#include "jinja/statements.h"

namespace vlrm::jinja {

struct MacroParts {
  std::string name;  // empty: the body of a call block
  struct Parameter {
    std::string name;
    NameId id;
    ExpressionPtr fallback;  // null: none
  };
  std::vector<Parameter> parameters;
  Body body;
  // The special names, and whether the body mentions them.
  NameId caller, kwargs, varargs;
  bool uses_caller = false, uses_kwargs = false, uses_varargs = false;
};

class MacroDefinition {
 public:
  explicit MacroDefinition(MacroParts parts) : parts_(std::move(parts)) {}
  void settle(const Symbols& symbols);
  // The macro as a value that sees the scope where it stands.
  Value bind(Rendering& rendering) const;
  Value call(Rendering& rendering, Scope& outer, const Arguments& arguments) const;
  const MacroParts& parts() const { return parts_; }

 private:
  using Named = std::vector<std::pair<std::string, Value>>;
  bool set_parameters(Rendering& rendering, Scope& scope, const Arguments& arguments, Named& named) const;
  void set_special(Rendering& rendering, Scope& scope, const Arguments& arguments, Named& named,
                   bool caller_found) const;
  const MacroParts parts_;
  ScopeLayout layout_;
};

class MacroStatement : public Statement {
 public:
  MacroStatement(int line, NameId name, MacroParts parts)
      : Statement(line), name_(name), definition_(std::move(parts)) {}
  Flow execute(Rendering& rendering) const override;
  void collect(Symbols& symbols) const override { symbols.set(name_); }
  void settle(const Symbols& symbols, bool) override { definition_.settle(symbols); }

 private:
  const NameId name_;
  MacroDefinition definition_;
};

// {% call macro(…) %}: the body is what the macro's caller() renders.
class CallBlock : public Statement {
 public:
  CallBlock(int line, std::unique_ptr<const Call> call, MacroParts parts)
      : Statement(line), call_(std::move(call)), definition_(std::move(parts)) {}
  Flow execute(Rendering& rendering) const override;
  void collect(Symbols& symbols) const override { call_->collect(symbols); }
  void settle(const Symbols& symbols, bool conditional) override;

 private:
  const std::unique_ptr<const Call> call_;
  MacroDefinition definition_;
};

}  // namespace vlrm::jinja
