// Spherical linear interpolation from the base (t 0) to the other model (t 1), of whole tensors as vectors. Where they
// are nearly parallel, linear.
#include <array>
#include <cmath>

#include "merge/methods/combine.h"
#include "merge/methods/gram.h"
#include "merge/methods/methods.h"
#include "merge/methods/parameters.h"
#include "merge/methods/pointwise.h"

namespace vlrm {
namespace {

constexpr std::array kParameters{MethodParameter{.name = "t"}};
constexpr double kParallel = 0.9995;  // cosine
constexpr double kNoNorm = 1e-8;

std::vector<float> weights_at(double t, const Grams& grams) {
  const auto norm = [&](size_t i) {
    const double value = std::sqrt(grams.at(0, i, i));
    return value > kNoNorm ? value : 1.0;
  };
  const double cosine = grams.at(0, 0, 1) / (norm(0) * norm(1));
  if (std::abs(cosine) > kParallel) return {static_cast<float>(1 - t), static_cast<float>(t)};
  const double angle = std::acos(cosine);
  return {static_cast<float>(std::sin(angle - angle * t) / std::sin(angle)),
          static_cast<float>(std::sin(angle * t) / std::sin(angle))};
}

std::unique_ptr<TensorReader> merge_slerp(const TensorMerge& merge) {
  TensorMerge both = merge;
  both.inputs.insert(both.inputs.begin(), TensorMerge::Input{.tensor = merge.base});
  both.base = nullptr;
  const auto inputs = std::make_shared<MergeInputs>(both);
  return pointwise_tensor(merge.output, inputs,
                          [weights = weights_at(merge.number("t"), gram_of(*inputs))](const Block& block, float* out) {
                            weighted_sum(block, weights, out);
                          });
}

}  // namespace

const Method slerp_method{.name = "slerp",
                          .title = "SLERP",
                          .reference = "https://en.wikipedia.org/wiki/Slerp",
                          .base = BaseModel::required,
                          .most_models = 1,
                          .parameters = kParameters,
                          .merge = merge_slerp,
                          .passes = 2};

}  // namespace vlrm
