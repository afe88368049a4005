// The filters, by what they work on.
#pragma once

#include "jinja/function.h"

namespace vlrm::jinja {

std::span<const NamedFunction> text_filters();
std::span<const NamedFunction> number_filters();
std::span<const NamedFunction> sequence_filters();
std::span<const NamedFunction> choosing_filters();

// Looks up a dotted path ("address.city", "0.name") in values, as filters take it for `attribute`.
class AttributePath {
 public:
  AttributePath(Workspace& workspace, const Value& path);  // none: the value itself
  Value of(Workspace& workspace, const Value& value, const std::optional<Value>& fallback = std::nullopt) const;

 private:
  std::vector<Value> parts_;
};

Value ignoring_case(Workspace& workspace, const Value& value);  // text in lower case, all else as it is

}  // namespace vlrm::jinja
