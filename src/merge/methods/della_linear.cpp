// DELLA (arXiv 2406.11617) with task arithmetic: deltas dropped at random, the small ones rather, then
// base + λ · Σ w·delta.
#include <array>

#include "merge/methods/magprune.h"
#include "merge/methods/methods.h"

namespace vlrm {
namespace {

constexpr std::array kParameters{
    kWeight, kDensity, kEpsilon, boolean("normalize", false), boolean("rescale", true), kRescaleNormOfDraws,
    kLambda, kInt8Mask};

std::unique_ptr<TensorReader> merge_della_linear(const TensorMerge& merge) {
  auto inputs = std::make_shared<MergeInputs>(merge, MergeInputs::Options{.row = row_length(merge.output)});
  auto kept = drop_by_rank(merge, *inputs);
  return task_vector_tensor(merge, std::move(inputs), std::move(kept), Mix::sum);
}

}  // namespace

const Method della_linear_method{.name = "della_linear",
                                 .title = "Linear DELLA",
                                 .reference = "https://arxiv.org/abs/2406.11617",
                                 .base = BaseModel::required,
                                 .parameters = kParameters,
                                 .merge = merge_della_linear,
                                 .problem = problem_of_epsilon,
                                 .is_random = true};

}  // namespace vlrm
