#include <cmath>
#include <functional>

#include "base/find_text.h"
#include "jinja/operations.h"

namespace vlrm::jinja {
namespace {

using Kind = Value::Kind;

// Exact for 64-bit integers beside doubles: an x86 long double holds both.
long double exact(const Value& value) {
  return value.is(Kind::real) ? static_cast<long double>(value.as_real())
                              : static_cast<long double>(value.as_integer());
}

bool equal_items(Workspace& workspace, const Value& left, const Value& right, int depth) {
  const auto &a = left.as_items(), &b = right.as_items();
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (!a[i].same_as(b[i]) && !equal(workspace, a[i], b[i], depth + 1)) return false;
  return true;
}

bool equal_dicts(Workspace& workspace, const Dict& left, const Dict& right, int depth) {
  if (left.entries().size() != right.entries().size()) return false;
  for (const auto& [key, value] : left.entries()) {
    const Value* other = right.find(workspace, key);
    if (!other || (!value.same_as(*other) && !equal(workspace, value, *other, depth + 1))) return false;
  }
  return true;
}

const char* symbol(Order order) {
  switch (order) {
    case Order::less:
      return "<";
    case Order::less_equal:
      return "<=";
    case Order::greater:
      return ">";
    case Order::greater_equal:
      break;
  }
  return ">=";
}

template <class T>
bool compare(Order order, const T& left, const T& right) {
  switch (order) {
    case Order::less:
      return left < right;
    case Order::less_equal:
      return left <= right;
    case Order::greater:
      return left > right;
    case Order::greater_equal:
      break;
  }
  return left >= right;
}

// UTF-8 sorts as its code points do.
bool contains_text(Workspace& workspace, const Text& container, const Value& value) {
  if (!value.is_text()) raise("'in <string>' requires string as left operand, not {}", type_name(value));
  workspace.look_at(container);
  workspace.look_at(value.as_text());
  return find_text(container.bytes, value.bytes()) != std::string::npos;
}

}  // namespace

bool equal(Workspace& workspace, const Value& left, const Value& right, int depth) {
  Nesting guard(depth);
  workspace.step();
  if (left.is_number() && right.is_number()) return exact(left) == exact(right);
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case Kind::undefined:
    case Kind::none:
      return true;
    case Kind::text:
      workspace.look_at(left.as_text());
      return left.bytes() == right.bytes();
    case Kind::list:
    case Kind::tuple:
      return equal_items(workspace, left, right, depth);
    case Kind::dict:
      return equal_dicts(workspace, left.as_dict(), right.as_dict(), depth);
    default:
      return left.as_object().equals(workspace, right.as_object()).value_or(left.same_as(right));
  }
}

bool ordered(Workspace& workspace, Order order, const Value& left, const Value& right, int depth) {
  Nesting guard(depth);
  workspace.step();
  if (left.is_undefined()) raise_undefined(left);
  if (right.is_undefined()) raise_undefined(right);
  if (left.is_number() && right.is_number()) return compare(order, exact(left), exact(right));
  if (left.is_text() && right.is_text()) {
    workspace.look_at(left.as_text());
    return compare(order, left.bytes().compare(right.bytes()), 0);
  }
  if (left.kind() != right.kind() || !left.is_sequence())
    raise("'{}' not supported between instances of '{}' and '{}'", symbol(order), type_name(left), type_name(right));
  const auto &a = left.as_items(), &b = right.as_items();
  for (size_t i = 0; i < a.size() && i < b.size(); ++i)
    if (!a[i].same_as(b[i]) && !equal(workspace, a[i], b[i], depth + 1))
      return ordered(workspace, order, a[i], b[i], depth + 1);
  return compare(order, a.size(), b.size());
}

size_t hash(std::string_view text) {
  return std::hash<std::string_view>()(text);
}

size_t hash(Workspace& workspace, const Value& value, int depth) {
  Nesting guard(depth);
  workspace.step();
  switch (value.kind()) {
    case Kind::undefined:
    case Kind::none:
      return static_cast<size_t>(value.kind());
    case Kind::boolean:
    case Kind::integer:
      return std::hash<double>()(static_cast<double>(value.as_integer()));
    case Kind::real:
      return std::hash<double>()(value.as_real());
    case Kind::text:
      workspace.look_at(value.as_text());
      return hash(value.bytes());
    case Kind::tuple: {
      size_t result = 17;
      for (const Value& item : value.as_items()) result = result * 1000003 + hash(workspace, item, depth + 1);
      return result;
    }
    case Kind::object:
      return std::hash<const void*>()(&value.as_object());
    default:
      raise("unhashable type: '{}'", type_name(value));
  }
}

bool contains(Workspace& workspace, const Value& container, const Value& value) {
  switch (container.kind()) {
    case Kind::text:
      return contains_text(workspace, container.as_text(), value);
    case Kind::dict:
      return container.as_dict().find(workspace, value) != nullptr;
    case Kind::list:
    case Kind::tuple:
      for (const Value& item : container.as_items())
        if (item.same_as(value) || equal(workspace, item, value)) return true;
      return false;
    case Kind::undefined:
      return false;
    case Kind::object:
      if (const auto found = container.as_object().contains(workspace, value)) return *found;
      if (Iterator* iterator = container.as_object().iterate(workspace)) {
        while (const auto item = iterator->next())
          if (item->same_as(value) || equal(workspace, *item, value)) return true;
        return false;
      }
      break;
    default:
      break;
  }
  raise("argument of type '{}' is not iterable", type_name(container));
}

}  // namespace vlrm::jinja
