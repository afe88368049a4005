// Python's operations on values. All raise Problem where Python raises an exception.
#pragma once

#include <string>

#include "jinja/workspace.h"

namespace vlrm::jinja {

std::string type_name(const Value& value);  // 'str', 'int', …
bool is_truthy(const Value& value);
[[noreturn]] void raise_undefined(const Value& value);

// Comparison.
bool equal(Workspace& workspace, const Value& left, const Value& right, int depth = 0);
enum class Order { less, less_equal, greater, greater_equal };
bool ordered(Workspace& workspace, Order order, const Value& left, const Value& right, int depth = 0);
size_t hash(Workspace& workspace, const Value& value, int depth = 0);
size_t hash(std::string_view text);
bool contains(Workspace& workspace, const Value& container, const Value& value);

// Arithmetic.
enum class Operator { add, subtract, multiply, divide, floor_divide, modulo, power };
Value arithmetic(Workspace& workspace, Operator op, const Value& left, const Value& right);
Value negative(const Value& value);
Value positive(const Value& value);

// Text.
std::vector<char32_t> code_points_of(Workspace& workspace, std::string_view text);
std::string escaped_as_html(Workspace& workspace, std::string_view text);
void append_representation(Workspace& workspace, std::string& out, const Value& value, int depth = 0);
void append_string(Workspace& workspace, std::string& out, const Value& value);
std::string string_of(Workspace& workspace, const Value& value);
std::string representation_of(Workspace& workspace, const Value& value);

// Parts.
Iterator& iterate(Workspace& workspace, const Value& value);
std::vector<Value> items_of(Workspace& workspace, const Value& value);
int64_t length(const Value& value);
// value.name and value[key] as a sandboxed environment looks them up: undefined where there is nothing.
Value attribute_of(Workspace& workspace, const Value& value, std::string_view name);
Value item_of(Workspace& workspace, const Value& value, const Value& key);
// Only what getattr would find: methods, and what objects offer.
std::optional<Value> own_attribute(Workspace& workspace, const Value& value, std::string_view name);
struct Slice {
  Value start, stop, step;  // none: not given
};
struct SliceBounds {
  int64_t start, stop, step;
};
SliceBounds bounds_of(const Slice& slice, size_t size);  // of a sequence of that size, as slice.indices gives them
Value slice_of(Workspace& workspace, const Value& value, const Slice& slice);

// json.dumps.
struct JsonStyle {
  bool ensure_ascii = false, sort_keys = false;
  std::optional<std::string> indent;  // of one level
  std::string item_separator = ", ", key_separator = ": ";
};
std::string to_json(Workspace& workspace, const Value& value, const JsonStyle& style);

// A whole number that Python would take as an index.
int64_t index_of(const Value& value);

}  // namespace vlrm::jinja
