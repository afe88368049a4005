// Filters that choose, change or order items.
#include <algorithm>
#include <tuple>

#include "jinja/filters.h"
#include "jinja/rendering.h"

namespace vlrm::jinja {
namespace {

using Kind = Value::Kind;

// Of arguments that a generator keeps.
void take_kept(Workspace& workspace, const Arguments& arguments) {
  workspace.take(arguments.positional.size() * sizeof(Value));
  for (const auto& [name, value] : arguments.named) workspace.take(name.size() + sizeof(std::string) + sizeof(Value));
}

std::optional<Value> take_named(Arguments& arguments, std::string_view name) {
  const auto found = std::find_if(arguments.named.begin(), arguments.named.end(),
                                  [&](const auto& entry) { return entry.first == name; });
  if (found == arguments.named.end()) return std::nullopt;
  const Value value = found->second;
  arguments.named.erase(found);
  return value;
}

Value take_first(Arguments& arguments) {
  const Value first = arguments.positional.front();
  arguments.positional.erase(arguments.positional.begin());
  return first;
}

// map(attribute=…, default=…) or map("filter", arguments…). Nothing happens before an item is asked for.
Value map(Rendering& rendering, const Value& self, const Arguments& arguments) {
  Workspace& workspace = rendering.workspace;
  if (!is_truthy(self)) return Value(&iterate(workspace, workspace.list({})));
  Iterator& items = iterate(workspace, self);
  Arguments rest = arguments;
  const auto attribute = rest.positional.empty() ? take_named(rest, "attribute") : std::nullopt;
  if (attribute) {
    const auto fallback = take_named(rest, "default");
    if (!rest.named.empty()) raise("Unexpected keyword argument '{}'", rest.named.front().first);
    const AttributePath path(workspace, *attribute);
    return Value(&generate(workspace, [&workspace, &items, path, fallback]() -> std::optional<Value> {
      const auto item = items.next();
      workspace.step();
      return item ? std::optional(path.of(workspace, *item, fallback)) : std::nullopt;
    }));
  }
  if (rest.positional.empty()) raise("map requires a filter argument");
  const Value name = take_first(rest);
  take_kept(workspace, rest);
  return Value(&generate(workspace, [&rendering, &items, name, rest]() -> std::optional<Value> {
    const auto item = items.next();
    rendering.workspace.step();
    return item ? std::optional(rendering.apply(filters(), "filter", name, *item, rest)) : std::nullopt;
  }));
}

// select("test", arguments…), or selectattr("attribute", "test", arguments…)
template <bool wanted, bool by_attribute>
Value select(Rendering& rendering, const Value& self, const Arguments& arguments) {
  Workspace& workspace = rendering.workspace;
  if (!is_truthy(self)) return Value(&iterate(workspace, workspace.list({})));
  Iterator& items = iterate(workspace, self);
  Arguments rest = arguments;
  if (by_attribute && rest.positional.empty()) raise("Missing parameter for attribute name");
  const AttributePath path(workspace, by_attribute ? take_first(rest) : Value());
  const auto test = rest.positional.empty() ? std::nullopt : std::optional(take_first(rest));
  take_kept(workspace, rest);
  return Value(&generate(workspace, [&rendering, &items, path, test, rest]() -> std::optional<Value> {
    while (const auto item = items.next()) {
      rendering.workspace.step();
      const Value value = path.of(rendering.workspace, *item);
      const Value result = test ? rendering.apply(tests(), "test", *test, value, rest) : value;
      if (is_truthy(result) == wanted) return item;
    }
    return std::nullopt;
  }));
}

using Keyed = std::vector<std::pair<Value, Value>>;  // key, item

std::vector<Value> sorted_by_key(Workspace& workspace, Keyed keyed, bool reverse) {
  std::stable_sort(keyed.begin(), keyed.end(), [&](const auto& left, const auto& right) {
    const auto& [low, high] = reverse ? std::tie(right.first, left.first) : std::tie(left.first, right.first);
    return ordered(workspace, Order::less, low, high);
  });
  std::vector<Value> items;
  for (const auto& [key, item] : keyed) items.push_back(item);
  return items;
}

// Several attributes, between commas, sort by the first and then by the next.
Value sort(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("sort", arguments, {"reverse", "case_sensitive", "attribute"});
  Workspace& workspace = rendering.workspace;
  std::vector<AttributePath> paths;
  const Value attribute = parameters.value(2);
  if (attribute.is_text()) {
    std::string_view rest = attribute.bytes();
    while (true) {
      const size_t comma = std::min(rest.find(','), rest.size());
      paths.emplace_back(workspace, workspace.text(std::string(rest.substr(0, comma))));
      if (comma == rest.size()) break;
      rest.remove_prefix(comma + 1);
    }
  } else {
    paths.emplace_back(workspace, attribute);
  }
  Keyed keyed;
  for (const Value& item : items_of(workspace, self)) {
    std::vector<Value> key;
    for (const AttributePath& path : paths) {
      const Value part = path.of(workspace, item);
      key.push_back(parameters.truthy(1) ? part : ignoring_case(workspace, part));
    }
    keyed.emplace_back(workspace.list(std::move(key)), item);
  }
  return workspace.list(sorted_by_key(workspace, std::move(keyed), parameters.truthy(0)));
}

Value dictsort(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("dictsort", arguments, {"case_sensitive", "by", "reverse"});
  Workspace& workspace = rendering.workspace;
  const std::string by = parameters.has(1) ? string_of(workspace, parameters.value(1)) : "key";
  if (by != "key" && by != "value") raise("You can only sort by either \"key\" or \"value\"");
  if (self.is_undefined()) raise_undefined(self);
  if (!self.is(Kind::dict)) raise("'{}' object has no attribute 'items'", type_name(self));
  Keyed keyed;
  for (const auto& [key, value] : self.as_dict().entries()) {
    const Value& chosen = by == "key" ? key : value;
    keyed.emplace_back(parameters.truthy(0) ? chosen : ignoring_case(workspace, chosen), workspace.tuple({key, value}));
  }
  return workspace.list(sorted_by_key(workspace, std::move(keyed), parameters.truthy(2)));
}

Value unique(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("unique", arguments, {"case_sensitive", "attribute"});
  Workspace& workspace = rendering.workspace;
  const AttributePath path(workspace, parameters.value(1));
  Dict& seen = workspace.dict();
  std::vector<Value> kept;
  for (const Value& item : items_of(workspace, self)) {
    const Value part = path.of(workspace, item);
    const Value key = parameters.truthy(0) ? part : ignoring_case(workspace, part);
    if (seen.find(workspace, key)) continue;
    seen.set(workspace, key, Value());
    kept.push_back(item);
  }
  return Value(&iterate(workspace, workspace.list(std::move(kept))));
}

template <Order order>
Value extreme(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("min", arguments, {"case_sensitive", "attribute"});
  Workspace& workspace = rendering.workspace;
  const AttributePath path(workspace, parameters.value(1));
  std::optional<Value> best, best_key;
  for (const Value& item : items_of(workspace, self)) {
    const Value part = path.of(workspace, item);
    const Value key = parameters.truthy(0) ? part : ignoring_case(workspace, part);
    if (best_key && !ordered(workspace, order, key, *best_key)) continue;
    best = item;
    best_key = key;
  }
  return best ? *best : workspace.undefined("No aggregated item, sequence was empty.");
}

constexpr NamedFunction kFilters[] = {
    {"dictsort", dictsort},
    {"map", map},
    {"max", extreme<Order::greater>},
    {"min", extreme<Order::less>},
    {"reject", select<false, false>},
    {"rejectattr", select<false, true>},
    {"select", select<true, false>},
    {"selectattr", select<true, true>},
    {"sort", sort},
    {"unique", unique},
};

}  // namespace

std::span<const NamedFunction> choosing_filters() {
  return kFilters;
}

}  // namespace vlrm::jinja
