#include "model/tile_encoder.h"

#include "model/projection.h"

namespace vlrm {

TileProjection::TileProjection(const WeightReader& reader, int64_t input_size, int64_t output_size) {
  const std::string prefix(kTileProjector);
  inner = reader.matrix(prefix + "linear_1.weight", output_size, input_size);
  inner_bias = reader.vector(prefix + "linear_1.bias", {output_size});
  output = reader.matrix(prefix + "linear_2.weight", output_size, output_size);
  output_bias = reader.vector(prefix + "linear_2.bias", {output_size});
}

at::Tensor TileProjection::operator()(const at::Tensor& states) const {
  const at::Tensor hidden = project(states, inner, inner_bias);
  activate(hidden, Activation::gelu);
  return project(hidden, output, output_bias);
}

std::vector<size_t> TileEncoder::order() const {
  std::vector<size_t> order = tower_.order();
  order.push_back(projector());
  return order;
}

}  // namespace vlrm
