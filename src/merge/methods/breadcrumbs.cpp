// Model Breadcrumbs (arXiv 2312.06795): each model's deltas without the smallest and the largest, then base + λ · Σ
// w·delta.
//
// Earlier releases of mergekit keep nothing where nothing is to go from the top (gamma 0): they write the base.
#include <array>

#include "merge/methods/methods.h"
#include "merge/methods/trim.h"

namespace vlrm {
namespace {

constexpr std::array kParameters{
    kWeight, kDensity, kGamma, boolean("normalize", false), boolean("rescale", false), kRescaleNormOfMagnitudes,
    kLambda, kInt8Mask};

std::unique_ptr<TensorReader> merge_breadcrumbs(const TensorMerge& merge) {
  auto inputs = std::make_shared<MergeInputs>(merge);
  auto kept = trim_small_and_outliers(merge, *inputs);
  if (rescale_norm_of(merge) == RescaleNorm::l1) kept = with_l1_norm(std::move(kept), *inputs);
  return task_vector_tensor(merge, std::move(inputs), std::move(kept), Mix::sum);
}

}  // namespace

const Method breadcrumbs_method{.name = "breadcrumbs",
                                .title = "Model Breadcrumbs",
                                .reference = "https://arxiv.org/abs/2312.06795",
                                .base = BaseModel::required,
                                .parameters = kParameters,
                                .merge = merge_breadcrumbs,
                                .passes = 2};

}  // namespace vlrm
