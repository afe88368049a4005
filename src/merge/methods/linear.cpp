// Weighted average (model soups, arXiv 2203.05482): Σ w·x, divided by Σ w if normalized.
#include <array>

#include "merge/methods/combine.h"
#include "merge/methods/methods.h"
#include "merge/methods/parameters.h"
#include "merge/methods/pointwise.h"

namespace vlrm {
namespace {

constexpr std::array kParameters{kWeight, boolean("normalize", true)};

std::optional<Problem> problem(const TensorMerge& merge) {
  return problem_of_sum(merge, "normalize");
}

std::unique_ptr<TensorReader> merge_linear(const TensorMerge& merge) {
  const auto weights = float_weights(merge);
  const float divisor = merge.is_set("normalize") ? sum(weights) : 1.0f;
  return pointwise_tensor(merge.output, std::make_shared<MergeInputs>(merge),
                          [weights, divisor](const Block& block, float* out) {
                            weighted_sum(block, weights, out);
                            if (divisor != 1) divide(out, block.count, divisor);
                          });
}

}  // namespace

const Method linear_method{.name = "linear",
                           .title = "Linear",
                           .reference = "https://arxiv.org/abs/2203.05482",
                           .parameters = kParameters,
                           .merge = merge_linear,
                           .problem = problem};

}  // namespace vlrm
