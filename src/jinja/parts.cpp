// What values consist of: items, attributes, slices.
#include <algorithm>

#include "base/utf8.h"
#include "jinja/function.h"
#include "python/text.h"

namespace vlrm::jinja {
namespace {

using Kind = Value::Kind;

// A list of at least that length stands at an index, which may count from the end.
std::optional<size_t> position_in(size_t size, int64_t index) {
  const auto count = static_cast<int64_t>(size);
  if (index < 0) index += count;
  if (index < 0 || index >= count) return std::nullopt;
  return static_cast<size_t>(index);
}

bool is_hashable(const Value& key, int depth = 0) {
  Nesting guard(depth);
  if (!key.is(Kind::tuple)) return !key.is(Kind::list) && !key.is(Kind::dict);
  return std::all_of(key.as_items().begin(), key.as_items().end(),
                     [&](const Value& item) { return is_hashable(item, depth + 1); });
}

std::optional<Value> subscript(Workspace& workspace, const Value& value, const Value& key) {
  switch (value.kind()) {
    case Kind::dict: {
      if (!is_hashable(key)) return std::nullopt;
      const Value* found = value.as_dict().find(workspace, key);
      return found ? std::optional(*found) : std::nullopt;
    }
    case Kind::list:
    case Kind::tuple: {
      if (!key.is_integral()) return std::nullopt;
      const auto position = position_in(value.as_items().size(), key.as_integer());
      return position ? std::optional(value.as_items()[*position]) : std::nullopt;
    }
    case Kind::text: {
      if (!key.is_integral()) return std::nullopt;
      const Text& text = value.as_text();
      const auto position = position_in(text.length, key.as_integer());
      if (!position) return std::nullopt;
      if (!text.ascii()) workspace.look_at(text);
      const std::string_view rest = std::string_view(text.bytes).substr(text.byte_offset(*position));
      return workspace.character(rest.substr(0, utf8::first(rest).length));
    }
    case Kind::object:
      return value.as_object().item(workspace, key);
    case Kind::undefined:
      raise_undefined(value);
    default:
      return std::nullopt;
  }
}

bool is_dunder(std::string_view name) {
  return name.starts_with("__") && name.ends_with("__");
}

std::string type_in_message(const Value& value) {
  return value.is_none() ? "None" : type_name(value) + " object";
}

class ListIterator : public Iterator {
 public:
  explicit ListIterator(const std::vector<Value>& items) : items_(items) {}
  std::optional<Value> next() override { return at_ < items_.size() ? std::optional(items_[at_++]) : std::nullopt; }

 private:
  const std::vector<Value>& items_;
  size_t at_ = 0;
};

Iterator& characters_of(Workspace& workspace, const Text& text) {
  return generate(workspace, [&workspace, rest = std::string_view(text.bytes)]() mutable -> std::optional<Value> {
    if (rest.empty()) return std::nullopt;
    const std::string_view character = rest.substr(0, utf8::first(rest).length);
    rest.remove_prefix(character.size());
    return workspace.character(character);
  });
}

Iterator& keys_of(Workspace& workspace, const Dict& dict) {
  return generate(workspace, [&dict, at = size_t{0}]() mutable -> std::optional<Value> {
    return at < dict.entries().size() ? std::optional(dict.entries()[at++].first) : std::nullopt;
  });
}

std::optional<int64_t> bound(const Value& value) {
  if (value.is_none()) return std::nullopt;
  if (value.is_undefined()) raise_undefined(value);
  if (!value.is_integral()) raise("slice indices must be integers or None");
  return value.as_integer();
}

// The positions that a slice of a sequence of `size` items takes: start, start + step, …
struct Positions {
  int64_t start, step;
  size_t count;
  size_t operator[](size_t i) const { return static_cast<size_t>(start + static_cast<int64_t>(i) * step); }
};

Positions positions_of(const Slice& slice, size_t size) {
  const auto [start, stop, step] = bounds_of(slice, size);
  const uint64_t stride = step > 0 ? static_cast<uint64_t>(step) : 0 - static_cast<uint64_t>(step);
  const int64_t distance = step > 0 ? stop - start : start - stop;
  if (distance <= 0) return {start, 0, 0};
  const uint64_t count = (static_cast<uint64_t>(distance) - 1) / stride + 1;
  return {start, count > 1 ? step : 1, count};
}

Value slice_of_text(Workspace& workspace, const Text& text, const Slice& slice) {
  workspace.look_at(text);
  const Positions positions = positions_of(slice, text.length);
  if (positions.count == 0) return workspace.text("");
  if (positions.step == 1) {
    const size_t begin = text.byte_offset(positions[0]);
    return workspace.text(text.bytes.substr(begin, text.byte_offset(positions[0] + positions.count) - begin));
  }
  const std::vector<char32_t> points = code_points_of(workspace, text.bytes);
  std::string out;
  for (size_t i = 0; i < positions.count; ++i) utf8::append(out, points[positions[i]]);
  return workspace.text(std::move(out));
}

}  // namespace

std::string type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::undefined:
      return "Undefined";
    case Kind::none:
      return "NoneType";
    case Kind::boolean:
      return "bool";
    case Kind::integer:
      return "int";
    case Kind::real:
      return "float";
    case Kind::text:
      return "str";
    case Kind::list:
      return "list";
    case Kind::tuple:
      return "tuple";
    case Kind::dict:
      return "dict";
    case Kind::object:
      break;
  }
  return value.as_object().type_name();
}

bool is_truthy(const Value& value) {
  switch (value.kind()) {
    case Kind::undefined:
    case Kind::none:
      return false;
    case Kind::boolean:
    case Kind::integer:
      return value.as_integer() != 0;
    case Kind::real:
      return value.as_real() != 0;
    case Kind::text:
      return !value.bytes().empty();
    case Kind::list:
    case Kind::tuple:
      return !value.as_items().empty();
    case Kind::dict:
      return !value.as_dict().entries().empty();
    case Kind::object:
      break;
  }
  return value.as_object().is_truthy();
}

void raise_undefined(const Value& value) {
  raise("{}", value.as_undefined().message);
}

Iterator& iterate(Workspace& workspace, const Value& value) {
  switch (value.kind()) {
    case Kind::list:
    case Kind::tuple:
      return workspace.object<ListIterator>(value.as_items());
    case Kind::text:
      return characters_of(workspace, value.as_text());
    case Kind::dict:
      return keys_of(workspace, value.as_dict());
    case Kind::undefined:
      return generate(workspace, [] { return std::optional<Value>(); });
    case Kind::object:
      if (Iterator* iterator = value.as_object().iterate(workspace)) return *iterator;
      break;
    default:
      break;
  }
  raise("'{}' object is not iterable", type_name(value));
}

std::vector<Value> items_of(Workspace& workspace, const Value& value) {
  std::vector<Value> items;
  for (Iterator& iterator = iterate(workspace, value); const auto item = iterator.next();) {
    workspace.step();
    workspace.expect(items.size() * sizeof(Value));
    items.push_back(*item);
  }
  return items;
}

int64_t length(const Value& value) {
  switch (value.kind()) {
    case Kind::undefined:
      return 0;
    case Kind::text:
      return static_cast<int64_t>(value.as_text().length);
    case Kind::list:
    case Kind::tuple:
      return static_cast<int64_t>(value.as_items().size());
    case Kind::dict:
      return static_cast<int64_t>(value.as_dict().entries().size());
    case Kind::object:
      if (const auto length = value.as_object().length()) return *length;
      break;
    default:
      break;
  }
  raise("object of type '{}' has no len()", type_name(value));
}

std::optional<Value> own_attribute(Workspace& workspace, const Value& value, std::string_view name) {
  const auto unsafe = [&] {
    return workspace.undefined(
        fmt::format("access to attribute '{}' of '{}' object is unsafe.", name, type_name(value)));
  };
  if (is_dunder(name)) return unsafe();
  if (value.is(Kind::object)) {
    auto found = value.as_object().attribute(workspace, name);
    return found && name.starts_with("_") ? unsafe() : found;
  }
  const NamedFunction* method = find_function(methods_of(value.kind()), name);
  if (!method) return std::nullopt;
  if (!method->function && value.is_text()) raise("the method '{}' of text is not supported", name);
  if (!method->function) return unsafe();  // it changes the list or dictionary
  return Value(&workspace.object<BoundFunction>(method->name, method->function, value));
}

Value attribute_of(Workspace& workspace, const Value& value, std::string_view name) {
  if (value.is_undefined()) raise_undefined(value);
  if (const auto found = own_attribute(workspace, value, name)) return *found;
  if (value.is(Kind::dict))
    if (const Value* found = value.as_dict().find(name)) return *found;
  return workspace.undefined(fmt::format("'{}' has no attribute '{}'", type_in_message(value), name));
}

Value item_of(Workspace& workspace, const Value& value, const Value& key) {
  if (const auto found = subscript(workspace, value, key)) return *found;
  if (key.is_text()) workspace.look_at(key.as_text());
  if (!key.is_text())
    return workspace.undefined(
        fmt::format("{} has no element {}", type_in_message(value), representation_of(workspace, key)));
  if (const auto found = own_attribute(workspace, value, key.bytes())) return *found;
  return workspace.undefined(fmt::format("'{}' has no attribute '{}'", type_in_message(value), key.bytes()));
}

SliceBounds bounds_of(const Slice& slice, size_t size) {
  const auto count = static_cast<int64_t>(size);
  const int64_t step = bound(slice.step).value_or(1);
  if (step == 0) raise("slice step cannot be zero");
  const int64_t first = step > 0 ? 0 : -1, last = step > 0 ? count : count - 1;
  const auto place = [&](const Value& value, int64_t fallback) {
    auto at = bound(value);
    if (!at) return fallback;
    if (*at < 0) *at += count;
    return std::clamp(*at, first, last);
  };
  const int64_t start = place(slice.start, step > 0 ? first : last), stop = place(slice.stop, step > 0 ? last : first);
  return {start, stop, step};
}

Value slice_of(Workspace& workspace, const Value& value, const Slice& slice) {
  if (value.is_undefined()) raise_undefined(value);
  if (value.is(Kind::object))
    if (const auto part = value.as_object().slice(workspace, slice)) return *part;
  if (value.is_text()) return slice_of_text(workspace, value.as_text(), slice);
  if (value.is(Kind::dict)) raise("unhashable type: 'slice'");
  if (!value.is_sequence()) raise("'{}' object is not subscriptable", type_name(value));
  const auto& items = value.as_items();
  const Positions positions = positions_of(slice, items.size());
  workspace.step(positions.count);
  workspace.expect(positions.count * sizeof(Value));
  std::vector<Value> taken;
  for (size_t i = 0; i < positions.count; ++i) taken.push_back(items[positions[i]]);
  return value.is(Kind::list) ? workspace.list(std::move(taken)) : workspace.tuple(std::move(taken));
}

int64_t index_of(const Value& value) {
  if (value.is_undefined()) raise_undefined(value);
  if (!value.is_integral()) raise("'{}' object cannot be interpreted as an integer", type_name(value));
  return value.as_integer();
}

}  // namespace vlrm::jinja
