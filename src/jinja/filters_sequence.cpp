// Filters on lists and other things with items.
#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "jinja/filters.h"
#include "jinja/rendering.h"
#include "python/text.h"

namespace vlrm::jinja {
namespace {

using Kind = Value::Kind;

Value count(Rendering&, const Value& self, const Arguments& arguments) {
  const Parameters parameters("length", arguments, {});
  return Value::integer(length(self));
}

Value list(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("list", arguments, {});
  return rendering.workspace.list(items_of(rendering.workspace, self));
}

Value first(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("first", arguments, {});
  const auto item = iterate(rendering.workspace, self).next();
  return item ? *item : rendering.workspace.undefined("No first item, sequence was empty.");
}

// What Python's reversed() takes: not iterators.
std::vector<Value> reversible_items(Workspace& workspace, const Value& value) {
  if (value.is(Kind::object) && !value.as_object().length()) raise("'{}' object is not reversible", type_name(value));
  return items_of(workspace, value);
}

Value last(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("last", arguments, {});
  const auto items = reversible_items(rendering.workspace, self);
  return items.empty() ? rendering.workspace.undefined("No last item, sequence was empty.") : items.back();
}

Value reverse(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("reverse", arguments, {});
  Workspace& workspace = rendering.workspace;
  std::vector<Value> items = items_of(workspace, self);
  std::reverse(items.begin(), items.end());
  if (self.is_text()) {
    std::string out;
    for (const Value& item : items) out += item.bytes();
    return workspace.text(std::move(out));
  }
  const bool is_iterator = self.is(Kind::object) && !self.as_object().length();
  const Value reversed = workspace.list(std::move(items));
  return is_iterator ? reversed : Value(&iterate(workspace, reversed));
}

Value join(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("join", arguments, {"d", "attribute"});
  Workspace& workspace = rendering.workspace;
  const AttributePath path(workspace, parameters.value(1));
  const std::string separator = parameters.has(0) ? string_of(workspace, parameters.value(0)) : "";
  std::string out;
  bool first_item = true;
  for (Iterator& items = iterate(workspace, self); const auto item = items.next();) {
    if (!first_item) out += separator;
    first_item = false;
    append_string(workspace, out, path.of(workspace, *item));
    workspace.step();
    workspace.expect(out.size());
  }
  return workspace.text(std::move(out));
}

Value batch(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("batch", arguments, {"linecount", "fill_with"}, 1);
  Workspace& workspace = rendering.workspace;
  const int64_t size = parameters.integer(0, 0);
  std::vector<Value> batches, row;
  for (const Value& item : items_of(workspace, self)) {
    if (static_cast<int64_t>(row.size()) == size) batches.push_back(workspace.list(std::exchange(row, {})));
    row.push_back(item);
  }
  if (!row.empty()) {
    if (parameters.has_value(1) && size > static_cast<int64_t>(row.size())) {
      workspace.expect(static_cast<uint64_t>(size) * sizeof(Value));
      row.resize(static_cast<size_t>(size), parameters.value(1));
    }
    batches.push_back(workspace.list(std::move(row)));
  }
  return Value(&iterate(workspace, workspace.list(std::move(batches))));
}

Value slice(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("slice", arguments, {"slices", "fill_with"}, 1);
  Workspace& workspace = rendering.workspace;
  const std::vector<Value> items = items_of(workspace, self);
  const int64_t slices = parameters.integer(0, 0);
  if (slices == 0) raise("integer division or modulo by zero");
  workspace.step(static_cast<uint64_t>(std::max<int64_t>(slices, 0)));
  std::vector<Value> columns;
  auto at = items.begin();
  const auto size = static_cast<int64_t>(items.size());
  for (int64_t i = 0; i < slices; ++i) {
    const bool extra = i < size % slices;
    const auto end = at + size / slices + (extra ? 1 : 0);
    std::vector<Value> column(at, end);
    at = end;
    if (parameters.has_value(1) && !extra) column.push_back(parameters.value(1));
    columns.push_back(workspace.list(std::move(column)));
  }
  return Value(&iterate(workspace, workspace.list(std::move(columns))));
}

Value sum(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("sum", arguments, {"attribute", "start"});
  Workspace& workspace = rendering.workspace;
  const AttributePath path(workspace, parameters.value(0));
  Value total = parameters.value(1, Value::integer(0));
  if (total.is_text()) raise("sum() can't sum strings [use ''.join(seq) instead]");
  for (const Value& item : items_of(workspace, self))
    total = arithmetic(workspace, Operator::add, total, path.of(workspace, item));
  return total;
}

Value items(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("items", arguments, {});
  Workspace& workspace = rendering.workspace;
  std::vector<Value> pairs;
  if (!self.is_undefined()) {
    if (!self.is(Kind::dict)) raise("Can only get item pairs from a mapping.");
    for (const auto& [key, value] : self.as_dict().entries()) pairs.push_back(workspace.tuple({key, value}));
  }
  return Value(&iterate(workspace, workspace.list(std::move(pairs))));
}

Value fallback(Rendering&, const Value& self, const Arguments& arguments) {
  const Parameters parameters("default", arguments, {"default_value", "boolean"});
  static const Text kEmpty("");
  const bool replace = self.is_undefined() || (parameters.truthy(1) && !is_truthy(self));
  return replace ? parameters.value(0, Value(&kEmpty)) : self;
}

Value attribute(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("attr", arguments, {"name"}, 1);
  if (self.is_undefined()) raise_undefined(self);
  const std::string& name = parameters.text(0).bytes;
  const auto found = own_attribute(rendering.workspace, self, name);
  return found ? *found
               : rendering.workspace.undefined(fmt::format("'{}' has no attribute '{}'", type_name(self), name));
}

constexpr NamedFunction kFilters[] = {
    {"attr", attribute},   {"batch", batch},     {"count", count},     {"d", fallback},
    {"default", fallback}, {"first", first},     {"groupby", nullptr}, {"items", items},
    {"join", join},        {"last", last},       {"length", count},    {"list", list},
    {"random", nullptr},   {"reverse", reverse}, {"slice", slice},     {"sum", sum},
};

}  // namespace

std::span<const NamedFunction> sequence_filters() {
  return kFilters;
}

}  // namespace vlrm::jinja
