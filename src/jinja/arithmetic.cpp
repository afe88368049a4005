#include <cmath>

#include "jinja/operations.h"

namespace vlrm::jinja {
namespace {

using Kind = Value::Kind;

[[noreturn]] void raise_overflow() {
  raise("integers of more than 64 bits are not supported");
}

const char* symbol(Operator op) {
  static constexpr const char* kSymbols[] = {"+", "-", "*", "/", "//", "%", "** or pow()"};
  return kSymbols[static_cast<int>(op)];
}

// Python rounds towards minus infinity, C++ towards zero.
Value floor_divide(int64_t a, int64_t b) {
  if (b == 0) raise("integer division or modulo by zero");
  if (b == -1) return negative(Value::integer(a));
  return Value::integer(a / b - (a % b != 0 && (a < 0) != (b < 0)));
}

Value modulo(int64_t a, int64_t b) {
  if (b == 0) raise("integer modulo by zero");
  if (b == -1) return Value::integer(0);
  const int64_t rest = a % b;
  return Value::integer(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest);
}

// a = quotient · b + rest, the rest with the sign of b.
struct FloorDivision {
  double quotient, rest;
};

FloorDivision floor_division(double a, double b) {
  if (b == 0) raise("float division by zero");
  double rest = std::fmod(a, b);
  double quotient = (a - rest) / b;
  if (rest == 0) {
    rest = std::copysign(0.0, b);
  } else if ((b < 0) != (rest < 0)) {
    rest += b;
    quotient -= 1;
  }
  if (quotient == 0) return {std::copysign(0.0, a / b), rest};
  const double down = std::floor(quotient);
  return {quotient - down > 0.5 ? down + 1 : down, rest};
}

Value power(double a, double b) {
  if (a == 0 && b < 0) raise("0.0 cannot be raised to a negative power");
  if (a < 0 && std::isfinite(a) && std::isfinite(b) && b != std::floor(b)) raise("complex numbers are not supported");
  const double result = std::pow(a, b);
  if (std::isinf(result) && std::isfinite(a) && std::isfinite(b)) raise("result of ** is too large");
  return Value::real(result);
}

Value power(Workspace& workspace, int64_t base, int64_t exponent) {
  if (exponent < 0) return power(static_cast<double>(base), static_cast<double>(exponent));
  if (base == 0 || base == 1) return Value::integer(exponent == 0 ? 1 : base);
  if (base == -1) return Value::integer(exponent % 2 == 0 ? 1 : -1);
  int64_t result = 1;
  for (; exponent > 0; --exponent) {
    workspace.step();
    if (__builtin_mul_overflow(result, base, &result)) raise_overflow();
  }
  return Value::integer(result);
}

Value divide(int64_t a, int64_t b) {
  if (b == 0) raise("division by zero");
  return Value::real(static_cast<double>(static_cast<long double>(a) / static_cast<long double>(b)));
}

Value integers(Workspace& workspace, Operator op, int64_t a, int64_t b) {
  int64_t result = 0;
  bool overflow = false;
  switch (op) {
    case Operator::add:
      overflow = __builtin_add_overflow(a, b, &result);
      break;
    case Operator::subtract:
      overflow = __builtin_sub_overflow(a, b, &result);
      break;
    case Operator::multiply:
      overflow = __builtin_mul_overflow(a, b, &result);
      break;
    case Operator::divide:
      return divide(a, b);
    case Operator::floor_divide:
      return floor_divide(a, b);
    case Operator::modulo:
      return modulo(a, b);
    case Operator::power:
      return power(workspace, a, b);
  }
  if (overflow) raise_overflow();
  return Value::integer(result);
}

Value reals(Operator op, double a, double b) {
  switch (op) {
    case Operator::add:
      return Value::real(a + b);
    case Operator::subtract:
      return Value::real(a - b);
    case Operator::multiply:
      return Value::real(a * b);
    case Operator::divide:
      if (b == 0) raise("float division by zero");
      return Value::real(a / b);
    case Operator::floor_divide:
      return Value::real(floor_division(a, b).quotient);
    case Operator::modulo:
      return Value::real(floor_division(a, b).rest);
    case Operator::power:
      break;
  }
  return power(a, b);
}

Value join(Workspace& workspace, const Value& left, const Value& right) {
  if (left.is_text()) {
    workspace.expect(left.bytes().size() + right.bytes().size());
    if (left.as_text().markup || right.as_text().markup) {
      const auto safe = [&](const Text& text) {
        return text.markup ? text.bytes : escaped_as_html(workspace, text.bytes);
      };
      return workspace.markup(safe(left.as_text()) + safe(right.as_text()));
    }
    return workspace.text(left.bytes() + right.bytes());
  }
  workspace.expect((left.as_items().size() + right.as_items().size()) * sizeof(Value));
  std::vector<Value> items = left.as_items();
  items.insert(items.end(), right.as_items().begin(), right.as_items().end());
  return left.is(Kind::list) ? workspace.list(std::move(items)) : workspace.tuple(std::move(items));
}

Value repeat(Workspace& workspace, const Value& sequence, int64_t count) {
  const auto times = static_cast<uint64_t>(count < 0 ? 0 : count);
  const uint64_t size = sequence.is_text() ? sequence.bytes().size() : sequence.as_items().size() * sizeof(Value);
  uint64_t total = 0;
  if (__builtin_mul_overflow(size, times, &total)) total = UINT64_MAX;
  workspace.expect(total);
  if (sequence.is_text()) {
    std::string bytes;
    bytes.reserve(total);
    for (uint64_t i = 0; i < times && size > 0; ++i) bytes += sequence.bytes();
    return workspace.text(std::move(bytes));
  }
  std::vector<Value> items;
  items.reserve(total / sizeof(Value));
  for (uint64_t i = 0; i < times && size > 0; ++i)
    items.insert(items.end(), sequence.as_items().begin(), sequence.as_items().end());
  return sequence.is(Kind::list) ? workspace.list(std::move(items)) : workspace.tuple(std::move(items));
}

}  // namespace

Value arithmetic(Workspace& workspace, Operator op, const Value& left, const Value& right) {
  workspace.step();
  if (op == Operator::modulo && left.is_text()) raise("formatting text with % is not supported: join it with ~");
  if (left.is_undefined()) raise_undefined(left);
  if (right.is_undefined()) raise_undefined(right);
  if (left.is_integral() && right.is_integral()) return integers(workspace, op, left.as_integer(), right.as_integer());
  if (left.is_number() && right.is_number()) return reals(op, left.as_number(), right.as_number());
  const auto joins = [](const Value& value) { return value.is_text() || value.is_sequence(); };
  if (op == Operator::add && joins(left) && left.kind() == right.kind()) return join(workspace, left, right);
  if (op == Operator::multiply && joins(left) && right.is_integral())
    return repeat(workspace, left, right.as_integer());
  if (op == Operator::multiply && joins(right) && left.is_integral())
    return repeat(workspace, right, left.as_integer());
  if (op == Operator::add && left.is_text()) raise("can only concatenate str (not \"{}\") to str", type_name(right));
  raise("unsupported operand type(s) for {}: '{}' and '{}'", symbol(op), type_name(left), type_name(right));
}

Value negative(const Value& value) {
  if (value.is_undefined()) raise_undefined(value);
  if (value.is(Kind::real)) return Value::real(-value.as_real());
  if (!value.is_integral()) raise("bad operand type for unary -: '{}'", type_name(value));
  if (value.as_integer() == INT64_MIN) raise_overflow();
  return Value::integer(-value.as_integer());
}

Value positive(const Value& value) {
  if (value.is_undefined()) raise_undefined(value);
  if (value.is(Kind::real)) return value;
  if (!value.is_integral()) raise("bad operand type for unary +: '{}'", type_name(value));
  return Value::integer(value.as_integer());
}

}  // namespace vlrm::jinja
