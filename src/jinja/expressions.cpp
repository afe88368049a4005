#include "jinja/expressions.h"

#include <algorithm>

#include "jinja/rendering.h"

namespace vlrm::jinja {
namespace {

void visit_all(const Expressions& expressions, const Expression::Visit& visit) {
  for (const ExpressionPtr& expression : expressions) visit(*expression);
}

void visit_if(const ExpressionPtr& expression, const Expression::Visit& visit) {
  if (expression) visit(*expression);
}

bool compare(Rendering& rendering, Comparison::Kind kind, const Value& left, const Value& right) {
  Workspace& workspace = rendering.workspace;
  switch (kind) {
    case Comparison::Kind::equal:
      return equal(workspace, left, right);
    case Comparison::Kind::not_equal:
      return !equal(workspace, left, right);
    case Comparison::Kind::less:
      return ordered(workspace, Order::less, left, right);
    case Comparison::Kind::less_equal:
      return ordered(workspace, Order::less_equal, left, right);
    case Comparison::Kind::greater:
      return ordered(workspace, Order::greater, left, right);
    case Comparison::Kind::greater_equal:
      return ordered(workspace, Order::greater_equal, left, right);
    case Comparison::Kind::in:
      return contains(workspace, right, left);
    case Comparison::Kind::not_in:
      break;
  }
  return !contains(workspace, right, left);
}

}  // namespace

void Expression::measure() {
  for_each_child([&](const Expression& child) { height_ = std::max(height_, child.height_ + 1); });
  if (height_ > kHeight) raise_at(line_, "an expression of more than {} levels is not supported", kHeight);
}

void Expression::collect(Symbols& symbols) const {
  for_each_child([&](const Expression& child) { child.collect(symbols); });
}

void Expression::check(bool conditional) const {
  for_each_child([&](const Expression& child) { child.check(conditional); });
}

Value Name::evaluate(Rendering& rendering) const {
  return rendering.lookup(name_);
}

Value Captured::evaluate(Rendering& rendering) const {
  return rendering.captured();
}

Value SequenceLiteral::evaluate(Rendering& rendering) const {
  std::vector<Value> items;
  items.reserve(items_.size());
  for (const ExpressionPtr& item : items_) items.push_back(rendering.evaluate(*item));
  return is_tuple() ? rendering.workspace.tuple(std::move(items)) : rendering.workspace.list(std::move(items));
}

void SequenceLiteral::for_each_child(const Visit& visit) const {
  visit_all(items_, visit);
}

Value DictLiteral::evaluate(Rendering& rendering) const {
  Dict& dict = rendering.workspace.dict();
  for (const auto& [key, value] : entries_) {
    const Value evaluated = rendering.evaluate(*key);
    dict.set(rendering.workspace, evaluated, rendering.evaluate(*value));
  }
  return Value(&dict);
}

void DictLiteral::for_each_child(const Visit& visit) const {
  for (const auto& [key, value] : entries_) {
    visit(*key);
    visit(*value);
  }
}

Value Binary::evaluate(Rendering& rendering) const {
  const Value left = rendering.evaluate(*left_), right = rendering.evaluate(*right_);
  rendering.at_line(line());
  return arithmetic(rendering.workspace, op_, left, right);
}

void Binary::for_each_child(const Visit& visit) const {
  visit(*left_);
  visit(*right_);
}

Value Logical::evaluate(Rendering& rendering) const {
  const Value left = rendering.evaluate(*left_);
  return is_truthy(left) == is_and_ ? rendering.evaluate(*right_) : left;
}

void Logical::for_each_child(const Visit& visit) const {
  visit(*left_);
  visit(*right_);
}

Value Unary::evaluate(Rendering& rendering) const {
  const Value operand = rendering.evaluate(*operand_);
  rendering.at_line(line());
  switch (kind_) {
    case Kind::minus:
      return negative(operand);
    case Kind::plus:
      return positive(operand);
    case Kind::negation:
      break;
  }
  return Value::boolean(!is_truthy(operand));
}

Value Comparison::evaluate(Rendering& rendering) const {
  Value left = rendering.evaluate(*first_);
  for (const auto& [kind, operand] : rest_) {
    const Value right = rendering.evaluate(*operand);
    rendering.at_line(line());
    if (!compare(rendering, kind, left, right)) return Value::boolean(false);
    left = right;
  }
  return Value::boolean(true);
}

void Comparison::for_each_child(const Visit& visit) const {
  visit(*first_);
  for (const auto& [kind, operand] : rest_) visit(*operand);
}

Value Concatenation::evaluate(Rendering& rendering) const {
  std::vector<Value> values;
  for (const ExpressionPtr& part : parts_) values.push_back(rendering.evaluate(*part));
  std::string text;
  for (const Value& value : values) {
    append_string(rendering.workspace, text, value);
    rendering.workspace.expect(text.size());
  }
  return rendering.workspace.text(std::move(text));
}

void Concatenation::for_each_child(const Visit& visit) const {
  visit_all(parts_, visit);
}

Value Conditional::evaluate(Rendering& rendering) const {
  if (is_truthy(rendering.evaluate(*condition_))) return rendering.evaluate(*yes_);
  if (no_) return rendering.evaluate(*no_);
  return rendering.workspace.undefined("the inline if-expression evaluated to false and no else section was defined");
}

void Conditional::for_each_child(const Visit& visit) const {
  visit(*condition_);
  visit(*yes_);
  visit_if(no_, visit);
}

void Conditional::check(bool) const {
  for_each_child([](const Expression& child) { child.check(true); });
}

Value GetAttribute::evaluate(Rendering& rendering) const {
  const Value object = rendering.evaluate(*object_);
  rendering.at_line(line());
  return attribute_of(rendering.workspace, object, name_);
}

Value GetItem::evaluate(Rendering& rendering) const {
  const Value object = rendering.evaluate(*object_), key = rendering.evaluate(*key_);
  rendering.at_line(line());
  return item_of(rendering.workspace, object, key);
}

void GetItem::for_each_child(const Visit& visit) const {
  visit(*object_);
  visit(*key_);
}

Value GetSlice::evaluate(Rendering& rendering) const {
  const Value object = rendering.evaluate(*object_);
  const auto bound = [&](const ExpressionPtr& expression) {
    return expression ? rendering.evaluate(*expression) : Value();
  };
  const Value start = bound(bounds_.start), stop = bound(bounds_.stop), step = bound(bounds_.step);
  rendering.at_line(line());
  return slice_of(rendering.workspace, object, {start, stop, step});
}

void GetSlice::for_each_child(const Visit& visit) const {
  visit(*object_);
  visit_if(bounds_.start, visit);
  visit_if(bounds_.stop, visit);
  visit_if(bounds_.step, visit);
}

Arguments CallArguments::evaluate(Rendering& rendering) const {
  Arguments arguments;
  for (const ExpressionPtr& argument : positional) arguments.positional.push_back(rendering.evaluate(*argument));
  for (const auto& [name, argument] : named) arguments.named.emplace_back(name, rendering.evaluate(*argument));
  if (more_positional) {
    const auto more = items_of(rendering.workspace, rendering.evaluate(*more_positional));
    arguments.positional.insert(arguments.positional.end(), more.begin(), more.end());
  }
  if (!more_named) return arguments;
  const Value more = rendering.evaluate(*more_named);
  if (!more.is(Value::Kind::dict)) raise("argument after ** must be a mapping, not {}", type_name(more));
  for (const auto& [key, value] : more.as_dict().entries()) {
    if (!key.is_text()) raise("keywords must be strings");
    rendering.workspace.look_at(key.as_text());
    rendering.workspace.step(arguments.named.size() / 8);
    for (const auto& [name, other] : arguments.named)
      if (name == key.bytes()) raise("got multiple values for keyword argument '{}'", name);
    arguments.named.emplace_back(key.bytes(), value);
  }
  return arguments;
}

void CallArguments::for_each_child(const Expression::Visit& visit) const {
  visit_all(positional, visit);
  for (const auto& [name, argument] : named) visit(*argument);
  visit_if(more_positional, visit);
  visit_if(more_named, visit);
}

Value Call::evaluate_with(Rendering& rendering, const Value* caller) const {
  const Value function = rendering.evaluate(*function_);
  Arguments arguments = arguments_.evaluate(rendering);
  if (caller) arguments.named.emplace_back("caller", *caller);
  rendering.at_line(line());
  return rendering.call(function, arguments);
}

void Call::for_each_child(const Visit& visit) const {
  visit(*function_);
  arguments_.for_each_child(visit);
}

Value FilterOrTest::evaluate(Rendering& rendering) const {
  if (!function_) raise("no {} named '{}'", what(), name_);
  const Value value = rendering.evaluate(*value_);
  const Arguments arguments = arguments_.evaluate(rendering);
  rendering.at_line(line());
  look_at_given(rendering.workspace, value, arguments);
  return function_->function(rendering, value, arguments);
}

void FilterOrTest::for_each_child(const Visit& visit) const {
  visit(*value_);
  arguments_.for_each_child(visit);
}

void FilterOrTest::check(bool conditional) const {
  if (!function_ && !conditional) raise_at(line(), "no {} named '{}'", what(), name_);
  if (function_ && !function_->function) raise_at(line(), "the {} '{}' is not supported", what(), name_);
  Expression::check(conditional);
}

}  // namespace vlrm::jinja
