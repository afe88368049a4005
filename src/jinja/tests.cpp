// What stands behind `is`.
#include "jinja/function.h"
#include "jinja/methods.h"
#include "jinja/rendering.h"

namespace vlrm::jinja {
namespace {

using Kind = Value::Kind;

template <bool (*holds)(const Value&)>
Value test(Rendering&, const Value& self, const Arguments& arguments) {
  const Parameters parameters("test", arguments, {});
  return Value::boolean(holds(self));
}

template <bool (*holds)(Workspace&, const Value&, const Value&)>
Value test_with(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("test", arguments, {"other"}, 1);
  return Value::boolean(holds(rendering.workspace, self, parameters.value(0)));
}

template <Kind kind>
bool is_kind(const Value& value) {
  return value.is(kind);
}

bool is_defined(const Value& value) {
  return !value.is_undefined();
}
bool is_true(const Value& value) {
  return value.is(Kind::boolean) && value.as_boolean();
}
bool is_false(const Value& value) {
  return value.is(Kind::boolean) && !value.as_boolean();
}
bool is_number(const Value& value) {
  return value.is_number();
}
bool is_escaped(const Value&) {
  return false;
}

bool is_callable(const Value& value) {
  return value.is_undefined() || (value.is(Kind::object) && value.as_object().callable());
}

bool is_sequence(const Value& value) {
  if (value.is(Kind::object)) return value.as_object().type_name() == "range";
  return value.is_text() || value.is_sequence() || value.is(Kind::dict) || value.is_undefined();
}

Value is_iterable(Rendering& rendering, const Value& self, const Arguments&) {
  if (self.is(Kind::object)) return Value::boolean(self.as_object().iterate(rendering.workspace) != nullptr);
  return Value::boolean(self.is_text() || self.is_sequence() || self.is(Kind::dict) || self.is_undefined());
}

// value % divisor == rest
bool has_rest(Workspace& workspace, const Value& value, const Value& divisor, int64_t rest) {
  return equal(workspace, arithmetic(workspace, Operator::modulo, value, divisor), Value::integer(rest));
}

Value is_odd(Rendering& rendering, const Value& self, const Arguments&) {
  return Value::boolean(has_rest(rendering.workspace, self, Value::integer(2), 1));
}
Value is_even(Rendering& rendering, const Value& self, const Arguments&) {
  return Value::boolean(has_rest(rendering.workspace, self, Value::integer(2), 0));
}
Value is_divisible(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("divisibleby", arguments, {"num"}, 1);
  return Value::boolean(has_rest(rendering.workspace, self, parameters.value(0), 0));
}

Value is_upper_case(Rendering& rendering, const Value& self, const Arguments&) {
  return Value::boolean(text_is_upper(rendering.workspace, string_of(rendering.workspace, self)));
}
Value is_lower_case(Rendering& rendering, const Value& self, const Arguments&) {
  return Value::boolean(text_is_lower(rendering.workspace, string_of(rendering.workspace, self)));
}

Value is_filter(Rendering& rendering, const Value& self, const Arguments&) {
  hash(rendering.workspace, self);  // raises for lists and dicts
  return Value::boolean(self.is_text() && find_function(filters(), self.bytes()));
}
Value is_test(Rendering& rendering, const Value& self, const Arguments&) {
  hash(rendering.workspace, self);
  return Value::boolean(self.is_text() && find_function(tests(), self.bytes()));
}

bool is_same(Workspace&, const Value& value, const Value& other) {
  return value.same_as(other);
}
bool is_in(Workspace& workspace, const Value& value, const Value& other) {
  return contains(workspace, other, value);
}
bool is_equal(Workspace& workspace, const Value& value, const Value& other) {
  return equal(workspace, value, other);
}
bool differs(Workspace& workspace, const Value& value, const Value& other) {
  return !equal(workspace, value, other);
}
template <Order order>
bool is_ordered(Workspace& workspace, const Value& value, const Value& other) {
  return ordered(workspace, order, value, other);
}

constexpr Function kEqual = test_with<is_equal>, kDiffers = test_with<differs>,
                   kLess = test_with<is_ordered<Order::less>>, kLessEqual = test_with<is_ordered<Order::less_equal>>,
                   kGreater = test_with<is_ordered<Order::greater>>,
                   kGreaterEqual = test_with<is_ordered<Order::greater_equal>>;

constexpr NamedFunction kTests[] = {
    {"!=", kDiffers},
    {"<", kLess},
    {"<=", kLessEqual},
    {"==", kEqual},
    {">", kGreater},
    {">=", kGreaterEqual},
    {"boolean", test<is_kind<Kind::boolean>>},
    {"callable", test<is_callable>},
    {"defined", test<is_defined>},
    {"divisibleby", is_divisible},
    {"eq", kEqual},
    {"equalto", kEqual},
    {"escaped", test<is_escaped>},
    {"even", is_even},
    {"false", test<is_false>},
    {"filter", is_filter},
    {"float", test<is_kind<Kind::real>>},
    {"ge", kGreaterEqual},
    {"greaterthan", kGreater},
    {"gt", kGreater},
    {"in", test_with<is_in>},
    {"integer", test<is_kind<Kind::integer>>},
    {"iterable", is_iterable},
    {"le", kLessEqual},
    {"lessthan", kLess},
    {"lower", is_lower_case},
    {"lt", kLess},
    {"mapping", test<is_kind<Kind::dict>>},
    {"ne", kDiffers},
    {"none", test<is_kind<Kind::none>>},
    {"number", test<is_number>},
    {"odd", is_odd},
    {"sameas", test_with<is_same>},
    {"sequence", test<is_sequence>},
    {"string", test<is_kind<Kind::text>>},
    {"test", is_test},
    {"true", test<is_true>},
    {"undefined", test<is_kind<Kind::undefined>>},
    {"upper", is_upper_case},
};

}  // namespace

std::span<const NamedFunction> tests() {
  return kTests;
}

}  // namespace vlrm::jinja
