// TIES (arXiv 2306.01708): each model's deltas trimmed to the largest magnitudes, then the sign election.
#include <array>

#include "merge/methods/methods.h"
#include "merge/methods/trim.h"

namespace vlrm {
namespace {

constexpr std::array kParameters{
    kWeight, kDensity, boolean("normalize", true), boolean("rescale", false), kRescaleNormOfMagnitudes,
    kLambda, kInt8Mask};

std::unique_ptr<TensorReader> merge_ties(const TensorMerge& merge) {
  auto inputs = std::make_shared<MergeInputs>(merge);
  auto kept = trim_small(merge, *inputs);
  if (rescale_norm_of(merge) == RescaleNorm::l1) kept = with_l1_norm(std::move(kept), *inputs);
  return task_vector_tensor(merge, std::move(inputs), std::move(kept), Mix::elect);
}

}  // namespace

const Method ties_method{.name = "ties",
                         .title = "TIES",
                         .reference = "https://arxiv.org/abs/2306.01708",
                         .base = BaseModel::required,
                         .parameters = kParameters,
                         .merge = merge_ties,
                         .passes = 2};

}  // namespace vlrm
