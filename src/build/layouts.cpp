#include "build/layouts.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "weights/views.h"

namespace vlrm {
namespace {

// "layers.0.mlp.up_proj.weight" of "model.language_model.layers.0.mlp.up_proj.weight".
std::string core_of(std::string_view name) {
  constexpr std::array<std::string_view, 4> kWrappers{"model.", "language_model.", "text_model.", "llm."};
  for (bool found = true; found;) {
    found = false;
    for (const std::string_view wrapper : kWrappers)
      if (name.starts_with(wrapper)) name.remove_prefix(wrapper.size()), found = true;
  }
  return std::string(name);
}

}  // namespace

CheckpointPtr Layouts::unified(CheckpointPtr weights, Change& change) {
  std::map<std::string, std::string> own;  // by core; "" where several have it
  for (const TensorInfo& tensor : weights->tensors())
    if (const auto [entry, fresh] = own.emplace(core_of(tensor.name), tensor.name); !fresh) entry->second.clear();
  const auto name_for = [&](const std::string& name) {
    if (names_.contains(name)) return name;
    const std::string core = core_of(name);
    const auto known = by_core_.find(core);
    const bool clear = known != by_core_.end() && !known->second.empty() && own.at(core) == name;
    return clear ? known->second : name;
  };
  std::map<std::string, std::string> names;
  for (const TensorInfo& tensor : weights->tensors()) {
    const std::string& name = names[tensor.name] = name_for(tensor.name);
    if (name != tensor.name && ++change.count == 1) change = {1, tensor.name, name};
  }
  for (const auto& [name, unified_name] : names) {
    names_.insert(unified_name);
    const auto [entry, fresh] = by_core_.emplace(core_of(unified_name), unified_name);
    if (!fresh && entry->second != unified_name) entry->second.clear();
  }
  if (change.count == 0) return weights;
  return renamed(std::move(weights), [names](const std::string& name) { return std::optional(names.at(name)); });
}

}  // namespace vlrm
