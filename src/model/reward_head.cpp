#include "model/reward_head.h"

#include <algorithm>

#include "architecture/reward_head.h"
#include "model/projection.h"

namespace vlrm {

RewardHead::RewardHead(const WeightReader& reader, int64_t hidden_size) {
  const Checkpoint& weights = reader.checkpoint();
  const std::vector<HeadLayer> named = reward_head_layers(weights);
  if (named.empty()) reader.require("score.weight", {1, hidden_size});
  int64_t inputs = hidden_size;
  for (const HeadLayer& layer : named) {
    const TensorInfo& info = weights.info_or_throw(layer.weight);
    const bool last = &layer == &named.back();
    const int64_t outputs = last || info.shape.empty() ? 1 : std::max<int64_t>(info.shape[0], 1);
    at::Tensor bias;
    if (weights.find(layer.bias) != nullptr) bias = reader.vector(layer.bias, {outputs}).to(at::kFloat);
    layers_.push_back({reader.matrix(layer.weight, outputs, inputs).to(at::kFloat), std::move(bias)});
    inputs = outputs;
  }
}

at::Tensor RewardHead::rewards(const at::Tensor& states) const {
  at::Tensor values = states.to(at::kFloat);
  for (const Layer& layer : layers_) {
    if (&layer != &layers_.front()) values = values.clamp_min(0);
    values = project(values, layer.weight, Rows::apart(), layer.bias);
  }
  return values.squeeze(1).to(at::kCPU);
}

}  // namespace vlrm
