#include "jinja/filters.h"

#include <algorithm>
#include <charconv>

#include "python/text.h"

namespace vlrm::jinja {

std::span<const NamedFunction> filters() {
  static const std::vector<NamedFunction> all = [] {
    std::vector<NamedFunction> joined;
    for (const auto part : {text_filters(), number_filters(), sequence_filters(), choosing_filters()})
      joined.insert(joined.end(), part.begin(), part.end());
    std::sort(joined.begin(), joined.end(), [](const auto& left, const auto& right) { return left.name < right.name; });
    return joined;
  }();
  return all;
}

AttributePath::AttributePath(Workspace& workspace, const Value& path) {
  if (path.is_none()) return;
  if (!path.is_text()) {
    parts_.push_back(path);
    return;
  }
  std::string_view rest = path.bytes();
  while (true) {
    const size_t dot = std::min(rest.find('.'), rest.size());
    const std::string_view part = rest.substr(0, dot);
    int64_t index = 0;
    const bool digits = !part.empty() && part.find_first_not_of("0123456789") == part.npos;
    if (digits && std::from_chars(part.data(), part.data() + part.size(), index).ec == std::errc()) {
      parts_.push_back(Value::integer(index));
    } else {
      parts_.push_back(workspace.text(std::string(part)));
    }
    if (dot == rest.size()) return;
    rest.remove_prefix(dot + 1);
  }
}

Value AttributePath::of(Workspace& workspace, const Value& value, const std::optional<Value>& fallback) const {
  Value found = value;
  for (const Value& part : parts_) {
    workspace.step();
    found = item_of(workspace, found, part);
    if (found.is_undefined() && fallback && !fallback->is_none()) found = *fallback;
  }
  return found;
}

Value ignoring_case(Workspace& workspace, const Value& value) {
  if (!value.is_text()) return value;
  workspace.look_at_characters(value.bytes());
  return workspace.text(python::lower(value.bytes()));
}

}  // namespace vlrm::jinja
