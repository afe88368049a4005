// Filters that make and change numbers.
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "jinja/filters.h"
#include "jinja/rendering.h"
#include "python/round.h"
#include "python/text.h"

namespace vlrm::jinja {
namespace {

using Kind = Value::Kind;

// Underscores may stand between digits.
std::optional<std::string> without_underscores(std::string_view text) {
  std::string out;
  const auto digit = [&](size_t i) { return i < text.size() && std::isalnum(static_cast<unsigned char>(text[i])); };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
    } else if (i == 0 || !digit(i - 1) || !digit(i + 1)) {
      return std::nullopt;
    }
  }
  return out;
}

// int("…", base)
std::optional<int64_t> parse_integer(std::string_view text, int64_t base) {
  text = python::trimmed(text);
  bool minus = false;
  if (text.starts_with('-') || text.starts_with('+')) {
    minus = text[0] == '-';
    text.remove_prefix(1);
  }
  const char letter = text.size() > 2 && text[0] == '0' ? static_cast<char>(text[1] | 0x20) : '\0';
  const int64_t prefix = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
  if (prefix != 0 && (base == prefix || base == 0)) {
    text.remove_prefix(text[2] == '_' ? 3 : 2);
    base = prefix;
  }
  if (base == 0) base = 10;
  if (base < 2 || base > 36) return std::nullopt;
  const auto digits = without_underscores(text);
  if (!digits || digits->empty() || !std::isalnum(static_cast<unsigned char>((*digits)[0]))) return std::nullopt;
  int64_t value = 0;
  const std::string signed_digits = (minus ? "-" : "") + *digits;
  const char* end = signed_digits.data() + signed_digits.size();
  const auto result = std::from_chars(signed_digits.data(), end, value, static_cast<int>(base));
  if (result.ec == std::errc::result_out_of_range) raise("integers of more than 64 bits are not supported");
  return result.ec == std::errc() && result.ptr == end ? std::optional(value) : std::nullopt;
}

// float("…")
std::optional<double> parse_real(std::string_view text) {
  const auto plain = without_underscores(python::trimmed(text));
  if (!plain || plain->empty()) return std::nullopt;
  const std::string word = python::lower(plain->find_first_of("+-") == 0 ? plain->substr(1) : *plain);
  const double sign = (*plain)[0] == '-' ? -1 : 1;
  if (word == "inf" || word == "infinity") return sign * HUGE_VAL;
  if (word == "nan") return std::nan("");
  if (plain->find_first_not_of("0123456789.eE+-") != plain->npos) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(plain->c_str(), &end);
  return end == plain->c_str() + plain->size() ? std::optional(value) : std::nullopt;
}

Value truncated(double value) {
  if (!(std::abs(value) < 9223372036854775808.0)) raise("integers of more than 64 bits are not supported");
  return Value::integer(static_cast<int64_t>(value));
}

Value to_integer(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("int", arguments, {"default", "base"});
  const Value fallback = parameters.value(0, Value::integer(0));
  if (self.is_undefined()) raise_undefined(self);
  if (self.is_integral()) return Value::integer(self.as_integer());
  if (self.is(Kind::real)) {
    if (std::isinf(self.as_real())) raise("cannot convert float infinity to integer");
    return std::isnan(self.as_real()) ? fallback : truncated(self.as_real());
  }
  if (!self.is_text()) return fallback;
  rendering.workspace.look_at_characters(self.bytes());
  if (const auto whole = parse_integer(self.bytes(), parameters.integer(1, 10))) return Value::integer(*whole);
  const auto real = parse_real(self.bytes());
  return real && std::isfinite(*real) ? truncated(*real) : fallback;
}

Value to_real(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("float", arguments, {"default"});
  if (self.is_undefined()) raise_undefined(self);
  if (self.is_number()) return Value::real(self.as_number());
  if (self.is_text()) rendering.workspace.look_at_characters(self.bytes());
  const auto parsed = self.is_text() ? parse_real(self.bytes()) : std::nullopt;
  return parsed ? Value::real(*parsed) : parameters.value(0, Value::real(0));
}

Value absolute(Rendering&, const Value& self, const Arguments& arguments) {
  const Parameters parameters("abs", arguments, {});
  if (self.is_undefined()) raise("bad operand type for abs(): 'Undefined'");
  if (self.is(Kind::real)) return Value::real(std::abs(self.as_real()));
  if (!self.is_integral()) raise("bad operand type for abs(): '{}'", type_name(self));
  return self.as_integer() < 0 ? negative(self) : positive(self);
}

// As python::rounded.
int64_t rounded_integer(int64_t value, int64_t digits) {
  if (digits >= 0) return value;
  if (digits < -18) return 0;
  int64_t unit = 1;
  for (int64_t i = digits; i < 0; ++i) unit *= 10;
  const int64_t rest = ((value % unit) + unit) % unit;
  const int64_t down = value - rest;
  const bool up = 2 * rest > unit || (2 * rest == unit && (down / unit) % 2 != 0);
  return up ? down + unit : down;
}

Value round(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("round", arguments, {"precision", "method"});
  const int64_t digits = parameters.integer(0, 0);
  const std::string method = parameters.has(1) ? string_of(rendering.workspace, parameters.value(1)) : "common";
  if (method != "common" && method != "ceil" && method != "floor") raise("method must be common, ceil or floor");
  if (self.is_undefined()) raise_undefined(self);
  if (!self.is_number()) raise("type {} doesn't define __round__ method", type_name(self));
  if (method == "common")
    return self.is(Kind::real) ? Value::real(python::rounded(self.as_real(), digits))
                               : Value::integer(rounded_integer(self.as_integer(), digits));
  Workspace& workspace = rendering.workspace;
  const Value unit = arithmetic(workspace, Operator::power, Value::integer(10), Value::integer(digits));
  const Value scaled = arithmetic(workspace, Operator::multiply, self, unit);
  const Value whole = scaled.is_integral()
                          ? scaled
                          : truncated(method == "ceil" ? std::ceil(scaled.as_real()) : std::floor(scaled.as_real()));
  return arithmetic(workspace, Operator::divide, whole, unit);
}

constexpr NamedFunction kFilters[] = {
    {"abs", absolute}, {"filesizeformat", nullptr}, {"float", to_real}, {"int", to_integer}, {"round", round},
};

}  // namespace

std::span<const NamedFunction> number_filters() {
  return kFilters;
}

}  // namespace vlrm::jinja
