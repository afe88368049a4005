// One model's tensors as they are, or multiplied by `scale`: for slices, and for models with an adapter.
#include <array>

#include "merge/methods/combine.h"
#include "merge/methods/methods.h"
#include "merge/methods/parameters.h"
#include "merge/methods/pointwise.h"

namespace vlrm {
namespace {

constexpr std::array kParameters{
    MethodParameter{.name = "scale", .of = MethodParameter::Of::model, .default_value = 1}};

std::unique_ptr<TensorReader> merge_passthrough(const TensorMerge& merge) {
  const auto scale = static_cast<float>(merge.number(merge.inputs[0], "scale"));
  return pointwise_tensor(merge.output, std::make_shared<MergeInputs>(merge),
                          [scale](const Block& block, float* out) { weighted_sum(block, std::span(&scale, 1), out); });
}

}  // namespace

const Method passthrough_method{.name = "passthrough",
                                .title = "Passthrough",
                                .reference = "",
                                .most_models = 1,
                                .parameters = kParameters,
                                .merge = merge_passthrough};

}  // namespace vlrm
