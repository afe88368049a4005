// What every template can call: range, namespace, dict, cycler, joiner, raise_exception, strftime_now.
#pragma once

#include <span>

#include "jinja/function.h"

namespace vlrm::jinja {

class Namespace : public Object {
 public:
  std::string type_name() const override { return "Namespace"; }
  std::string representation(Workspace& workspace, int depth) const override;
  std::optional<Value> attribute(Workspace& workspace, std::string_view name) override;
  void set(Workspace& workspace, const std::string& name, const Value& value);

 private:
  Dict values_;
};

Namespace& namespace_of(const Value& value);  // raises where it is none

// Sorted by name.
std::span<const NamedFunction> globals();

}  // namespace vlrm::jinja
