#include "jinja/function.h"

#include <algorithm>

#include "jinja/rendering.h"

namespace vlrm::jinja {

const NamedFunction* find_function(std::span<const NamedFunction> table, std::string_view name) {
  const auto found =
      std::lower_bound(table.begin(), table.end(), name,
                       [](const NamedFunction& entry, std::string_view key) { return entry.name < key; });
  return found != table.end() && found->name == name ? &*found : nullptr;
}

void look_at_given(Workspace& workspace, const Value& self, const Arguments& arguments) {
  const auto look_at = [&](const Value& value) {
    if (value.is_text()) workspace.look_at(value.as_text());
  };
  look_at(self);
  std::for_each(arguments.positional.begin(), arguments.positional.end(), look_at);
  for (const auto& [name, value] : arguments.named) look_at(value);
}

Value BoundFunction::call(Rendering& rendering, const Arguments& arguments) {
  look_at_given(rendering.workspace, self_, arguments);
  return function_(rendering, self_, arguments);
}

Parameters::Parameters(const char* function, const Arguments& arguments, std::initializer_list<std::string_view> names,
                       size_t required)
    : function_(function), values_(names.size()) {
  if (arguments.positional.size() > names.size())
    raise("{}() takes at most {} arguments ({} given)", function, names.size(), arguments.positional.size());
  std::copy(arguments.positional.begin(), arguments.positional.end(), values_.begin());
  for (const auto& [name, value] : arguments.named) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) raise("{}() got an unexpected keyword argument '{}'", function, name);
    auto& slot = values_[static_cast<size_t>(found - names.begin())];
    if (slot) raise("{}() got multiple values for argument '{}'", function, name);
    slot = value;
  }
  for (size_t i = 0; i < required; ++i)
    if (!values_[i]) raise("{}() missing required argument '{}'", function, names.begin()[i]);
}

const Text& Parameters::text(size_t i) const {
  if (!values_[i] || !values_[i]->is_text()) raise("{}() argument must be str, not {}", function_, type_name(value(i)));
  return values_[i]->as_text();
}

int64_t Parameters::integer(size_t i, int64_t fallback) const {
  return has(i) ? index_of(*values_[i]) : fallback;
}

}  // namespace vlrm::jinja
