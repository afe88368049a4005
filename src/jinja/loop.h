// {% for %}
#pragma once

#include "jinja/statements.h"

namespace vlrm::jinja {

class Loop;

class For : public Statement {
 public:
  struct Parts {
    Target target;
    ExpressionPtr items;
    ExpressionPtr condition;  // of the items taken; null: all
    bool recursive;
    NameId loop;  // the name "loop"
    Body body, otherwise;
  };
  For(int line, Parts parts) : Statement(line), parts_(std::move(parts)) {}
  Flow execute(Rendering& rendering) const override;
  void collect(Symbols& symbols) const override { parts_.items->collect(symbols); }
  void settle(const Symbols& symbols, bool conditional) override;

  // What the loop renders for inner items: {{ loop(item.children) }}
  Value recurse(Rendering& rendering, const Value& items, Scope* outer, int depth) const;

 private:
  Flow run(Rendering& rendering, const Value& items, int depth) const;
  Flow run_items(Rendering& rendering, Loop& loop) const;
  Iterator& chosen(Rendering& rendering, const Value& items) const;

  const Parts parts_;
  ScopeLayout layout_, condition_layout_, otherwise_layout_;
};

}  // namespace vlrm::jinja
