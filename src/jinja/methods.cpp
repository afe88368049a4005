// Methods of dict, list and tuple. Those that would change them are refused, as by jinja2's immutable sandbox.
#include "jinja/methods.h"

#include <algorithm>

#include "jinja/range.h"
#include "jinja/rendering.h"

namespace vlrm::jinja {
namespace {

template <DictPart part>
Value dict_part(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("dict method", arguments, {});
  return view_of(rendering.workspace, self.as_dict(), part);
}

Value dict_get(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("get", arguments, {"/key", "/default"}, 1);
  const Value* found = self.as_dict().find(rendering.workspace, parameters.value(0));
  return found ? *found : parameters.value(1);
}

// Values never change, so that a copy is the same.
Value copy(Rendering&, const Value& self, const Arguments& arguments) {
  const Parameters parameters("copy", arguments, {});
  return self;
}

Value dict_fromkeys(Rendering& rendering, const Value&, const Arguments& arguments) {
  const Parameters parameters("fromkeys", arguments, {"/iterable", "/value"}, 1);
  Dict& dict = rendering.workspace.dict();
  for (const Value& key : items_of(rendering.workspace, parameters.value(0)))
    dict.set(rendering.workspace, key, parameters.value(1));
  return Value(&dict);
}

Value sequence_count(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("count", arguments, {"/value"}, 1);
  const Value wanted = parameters.value(0);
  return Value::integer(std::count_if(self.as_items().begin(), self.as_items().end(),
                                      [&](const Value& item) { return equal(rendering.workspace, item, wanted); }));
}

Value sequence_index(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("index", arguments, {"/value", "/start", "/stop"}, 1);
  const auto& items = self.as_items();
  const auto size = static_cast<int64_t>(items.size());
  const auto bound = [&](size_t i, int64_t fallback) {
    const int64_t value = parameters.integer(i, fallback);
    return std::clamp<int64_t>(value < 0 ? value + size : value, 0, size);
  };
  for (int64_t i = bound(1, 0); i < bound(2, size); ++i)
    if (equal(rendering.workspace, items[static_cast<size_t>(i)], parameters.value(0))) return Value::integer(i);
  raise("{} is not in {}", representation_of(rendering.workspace, parameters.value(0)), type_name(self));
}

constexpr NamedFunction kDictMethods[] = {
    {"clear", nullptr},
    {"copy", copy},
    {"fromkeys", dict_fromkeys},
    {"get", dict_get},
    {"items", dict_part<DictPart::items>},
    {"keys", dict_part<DictPart::keys>},
    {"pop", nullptr},
    {"popitem", nullptr},
    {"setdefault", nullptr},
    {"update", nullptr},
    {"values", dict_part<DictPart::values>},
};

constexpr NamedFunction kListMethods[] = {
    {"append", nullptr}, {"clear", nullptr},        {"copy", copy},      {"count", sequence_count},
    {"extend", nullptr}, {"index", sequence_index}, {"insert", nullptr}, {"pop", nullptr},
    {"remove", nullptr}, {"reverse", nullptr},      {"sort", nullptr},
};

constexpr NamedFunction kTupleMethods[] = {{"count", sequence_count}, {"index", sequence_index}};

}  // namespace

std::span<const NamedFunction> methods_of(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::text:
      return text_methods();
    case Value::Kind::dict:
      return kDictMethods;
    case Value::Kind::list:
      return kListMethods;
    case Value::Kind::tuple:
      return kTupleMethods;
    default:
      return {};
  }
}

}  // namespace vlrm::jinja
