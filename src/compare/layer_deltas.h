// How far two models have moved from their base, layer by layer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compare/comparison.h"

namespace vlrm {

// Of the tensors of a layer together, or of those before the layers, or behind them. What divides by 0 is nothing.
struct LayerDeltas {
  std::string name;                         // "embeddings", "layer 7", "the rest"
  double base = 0, a = 0, b = 0;            // norms: of the base, and of the differences of A and B from it
  std::optional<double> cosine = {};        // between the two differences
  std::optional<double> a_of_base() const;  // a / base
  std::optional<double> b_of_base() const;
};

struct ModelDeltas {
  std::vector<LayerDeltas> layers;  // in the models' order
  LayerDeltas all;
};

// `comparison` must have been made with a base.
ModelDeltas deltas_of(const ModelComparison& comparison);

}  // namespace vlrm
