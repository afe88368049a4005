// The layer's number inside a tensor's name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace vlrm {

// "model.layers.12.mlp.up_proj.weight": 12, and where its digits stand. Nothing for more layers than any model has.
struct LayerInName {
  int64_t layer = 0;
  size_t begin = 0, end = 0;
};
std::optional<LayerInName> find_layer(const std::string& name);

// `name` with another layer's number at `place`.
std::string with_layer(const std::string& name, const LayerInName& place, int64_t layer);

}  // namespace vlrm
