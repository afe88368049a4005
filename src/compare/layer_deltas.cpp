#include "compare/layer_deltas.h"

#include <cmath>
#include <limits>
#include <map>

#include "base/error.h"
#include "weights/tensor_place.h"

namespace vlrm {
namespace {

struct Squares {
  double base = 0, a = 0, b = 0, product = 0;

  void add(const TensorRelation& tensor) {
    base += tensor.norm_base * tensor.norm_base;
    a += tensor.norm_a * tensor.norm_a;
    b += tensor.norm_b * tensor.norm_b;
    product += tensor.dot;
  }

  LayerDeltas deltas(std::string name) const {
    LayerDeltas layer{std::move(name), std::sqrt(base), std::sqrt(a), std::sqrt(b)};
    if (a > 0 && b > 0) layer.cosine = product / (layer.a * layer.b);
    return layer;
  }
};

constexpr int64_t kBefore = -1, kBehind = std::numeric_limits<int64_t>::max();

int64_t order_of(const std::string& name) {
  const TensorPlace place = place_of(name);
  return place.in_layer() ? place.layer : is_before_layers(name) ? kBefore : kBehind;
}

std::optional<double> of_base(double delta, double base) {
  return base > 0 ? std::optional(delta / base) : std::nullopt;
}

}  // namespace

std::optional<double> LayerDeltas::a_of_base() const {
  return of_base(a, base);
}

std::optional<double> LayerDeltas::b_of_base() const {
  return of_base(b, base);
}

ModelDeltas deltas_of(const ModelComparison& comparison) {
  std::map<int64_t, Squares> layers;
  Squares all;
  for (const TensorRelation& tensor : comparison.tensors) {
    layers[order_of(tensor.name)].add(tensor);
    all.add(tensor);
  }
  ModelDeltas result{{}, all.deltas("all")};
  for (const auto& [order, squares] : layers)
    result.layers.push_back(squares.deltas(order == kBefore   ? "embeddings"
                                           : order == kBehind ? "the rest"
                                                              : fmt::format("layer {}", order)));
  return result;
}

}  // namespace vlrm
