// NearSwap: what differs little from the base is taken from the other model. With w = t / |base − x|, at most 1:
// w·x + (1 − w)·base.
#include <array>
#include <cmath>

#include "base/target_clones.h"
#include "merge/methods/methods.h"
#include "merge/methods/parameters.h"
#include "merge/methods/pointwise.h"

namespace vlrm {
namespace {

constexpr std::array kParameters{MethodParameter{.name = "t"}};

VLRM_TARGET_CLONES void swap_near(float t, const float* x, const float* base, int64_t count, float* out) {
  for (int64_t i = 0; i < count; ++i) {
    const float distance = std::abs(base[i] - x[i]);
    float weight = 1 / (distance < 1e-6f ? 1e-6f : distance) * t;  // as PyTorch divides a number by a tensor
    weight = weight < 0 ? 0 : weight > 1 ? 1 : weight;
    out[i] = weight * x[i] + (1 - weight) * base[i];
  }
}

std::unique_ptr<TensorReader> merge_nearswap(const TensorMerge& merge) {
  const auto values = std::make_shared<MergeInputs>(merge, MergeInputs::Options{.deltas = false});
  return pointwise_tensor(merge.output, values,
                          [t = static_cast<float>(merge.number("t"))](const Block& block, float* out) {
                            swap_near(t, block.tensors[0], block.base, block.count, out);
                          });
}

}  // namespace

const Method nearswap_method{.name = "nearswap",
                             .title = "NearSwap",
                             .reference = "https://huggingface.co/alchemonaut/QuartetAnemoi-70B-t0.0001",
                             .base = BaseModel::required,
                             .most_models = 1,
                             .parameters = kParameters,
                             .merge = merge_nearswap};

}  // namespace vlrm
