#include "jinja/json_input.h"

namespace vlrm::jinja {

Value from_json(Workspace& workspace, const OrderedJson& json, int depth) {
  Nesting guard(depth);
  switch (json.type()) {
    case OrderedJson::value_t::boolean:
      return Value::boolean(json.get<bool>());
    case OrderedJson::value_t::number_unsigned:
      if (json.get<uint64_t>() > INT64_MAX) raise("integers of more than 64 bits are not supported");
      return Value::integer(json.get<int64_t>());
    case OrderedJson::value_t::number_integer:
      return Value::integer(json.get<int64_t>());
    case OrderedJson::value_t::number_float:
      return Value::real(json.get<double>());
    case OrderedJson::value_t::string:
      return workspace.text(json.get_ref<const std::string&>());
    case OrderedJson::value_t::array: {
      std::vector<Value> items;
      items.reserve(json.size());
      for (const OrderedJson& item : json) items.push_back(from_json(workspace, item, depth + 1));
      return workspace.list(std::move(items));
    }
    case OrderedJson::value_t::object: {
      Dict& dict = workspace.dict();
      for (const auto& [key, value] : json.items())
        dict.set(workspace, workspace.text(key), from_json(workspace, value, depth + 1));
      return Value(&dict);
    }
    default:
      return {};
  }
}

}  // namespace vlrm::jinja
