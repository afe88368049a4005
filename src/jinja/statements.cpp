#include "jinja/statements.h"

#include "jinja/globals.h"
#include "jinja/rendering.h"

namespace vlrm::jinja {

void collect(const Body& body, Symbols& symbols) {
  for (const StatementPtr& statement : body) statement->collect(symbols);
}

void settle(const Body& body, const Symbols& symbols, bool conditional) {
  for (const StatementPtr& statement : body) statement->settle(symbols, conditional);
}

ScopeLayout settle_scope(const Body& body, Symbols& symbols) {
  collect(body, symbols);
  settle(body, symbols, false);
  return {symbols.starting_unset()};
}

void Target::assign(Rendering& rendering, const Value& value) const {
  if (!unpacks_) {
    if (attribute_.empty()) {
      rendering.assign(name_, value);
    } else {
      namespace_of(rendering.lookup(name_)).set(rendering.workspace, attribute_, value);
    }
    return;
  }
  Iterator& iterator = iterate(rendering.workspace, value);
  std::vector<Value> items;
  while (items.size() <= parts_.size()) {
    const auto item = iterator.next();
    if (!item) break;
    items.push_back(*item);
  }
  if (items.size() > parts_.size()) raise("too many values to unpack (expected {})", parts_.size());
  if (items.size() < parts_.size())
    raise("not enough values to unpack (expected {}, got {})", parts_.size(), items.size());
  for (size_t i = 0; i < parts_.size(); ++i) parts_[i].assign(rendering, items[i]);
}

void Target::check_namespaces(Rendering& rendering) const {
  if (!attribute_.empty()) namespace_of(rendering.lookup(name_));
  for (const Target& part : parts_) part.check_namespaces(rendering);
}

void Target::set_in(Symbols& symbols) const {
  for (const Target& part : parts_) part.set_in(symbols);
  if (unpacks_) return;
  if (attribute_.empty()) {
    symbols.set(name_);
  } else {
    symbols.read(name_);
  }
}

void Target::declare_in(Symbols& symbols) const {
  for (const Target& part : parts_) part.declare_in(symbols);
  if (!unpacks_) symbols.declare(name_);
}

Flow Output::execute(Rendering& rendering) const {
  for (const Part& part : parts_) {
    if (part.expression) {
      rendering.write(rendering.evaluate(*part.expression));
    } else {
      rendering.write(part.text);
    }
  }
  return Flow::next;
}

void Output::collect(Symbols& symbols) const {
  for (const Part& part : parts_)
    if (part.expression) part.expression->collect(symbols);
}

void Output::settle(const Symbols&, bool conditional) {
  for (const Part& part : parts_)
    if (part.expression) part.expression->check(conditional);
}

Flow If::execute(Rendering& rendering) const {
  for (const Branch& branch : branches_)
    if (is_truthy(rendering.evaluate(*branch.condition))) return rendering.execute(branch.body);
  return rendering.execute(otherwise_);
}

// jinja2 takes the first branch, all others with a condition as one, and the rest.
void If::collect(Symbols& symbols) const {
  branches_.front().condition->collect(symbols);
  std::vector<Symbols> parts(3, symbols.branch());
  jinja::collect(branches_.front().body, parts[0]);
  for (size_t i = 1; i < branches_.size(); ++i) {
    branches_[i].condition->collect(parts[1]);
    Symbols branch = parts[1].branch();
    jinja::collect(branches_[i].body, branch);
    parts[1].join({branch});
  }
  jinja::collect(otherwise_, parts[2]);
  symbols.join(parts);
}

void If::settle(const Symbols& symbols, bool) {
  for (const Branch& branch : branches_) {
    branch.condition->check(true);
    jinja::settle(branch.body, symbols, true);
  }
  jinja::settle(otherwise_, symbols, true);
}

Flow Set::execute(Rendering& rendering) const {
  target_.check_namespaces(rendering);
  target_.assign(rendering, rendering.evaluate(*value_));
  return Flow::next;
}

void Set::collect(Symbols& symbols) const {
  value_->collect(symbols);
  target_.set_in(symbols);
}

Flow SetBlock::execute(Rendering& rendering) const {
  Flow flow = Flow::next;
  Value value;
  Scope& scope = rendering.new_scope(layout_);
  rendering.within(scope, [&] {
    const std::string text = rendering.capture([&] { flow = rendering.execute(body_); });
    value = rendering.workspace.text(text);
    if (filter_ && flow == Flow::next)
      value = rendering.with_captured(value, [&] { return rendering.evaluate(*filter_); });
  });
  if (flow == Flow::next) target_.assign(rendering, value);
  return flow;
}

void SetBlock::settle(const Symbols& symbols, bool conditional) {
  Symbols inner(&symbols);
  layout_ = settle_scope(body_, inner);
  if (filter_) filter_->check(conditional);
}

Flow FilterBlock::execute(Rendering& rendering) const {
  Flow flow = Flow::next;
  Value value;
  Scope& scope = rendering.new_scope(layout_);
  rendering.within(scope, [&] {
    const std::string text = rendering.capture([&] { flow = rendering.execute(body_); });
    if (flow == Flow::next)
      value = rendering.with_captured(rendering.workspace.text(text), [&] { return rendering.evaluate(*filter_); });
  });
  if (flow == Flow::next) rendering.write(value);
  return flow;
}

void FilterBlock::settle(const Symbols& symbols, bool conditional) {
  Symbols inner(&symbols);
  layout_ = settle_scope(body_, inner);
  filter_->check(conditional);
}

Flow With::execute(Rendering& rendering) const {
  Scope& scope = rendering.new_scope(layout_);
  for (const Setting& setting : settings_) {
    const Value value = rendering.evaluate(*setting.value);
    rendering.within(scope, [&] { setting.target.assign(rendering, value); });
  }
  return rendering.within(scope, [&] { return rendering.execute(body_); });
}

void With::collect(Symbols& symbols) const {
  for (const Setting& setting : settings_) setting.value->collect(symbols);
}

void With::settle(const Symbols& symbols, bool conditional) {
  Symbols inner(&symbols);
  for (const Setting& setting : settings_) {
    setting.target.declare_in(inner);
    setting.value->check(conditional);
  }
  layout_ = settle_scope(body_, inner);
}

Flow Generation::execute(Rendering& rendering) const {
  Scope& scope = rendering.new_scope(layout_);
  return rendering.within(scope, [&] { return rendering.execute(body_); });
}

void Generation::settle(const Symbols& symbols, bool) {
  Symbols inner(&symbols);
  layout_ = settle_scope(body_, inner);
}

}  // namespace vlrm::jinja
