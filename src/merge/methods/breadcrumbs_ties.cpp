// Model Breadcrumbs (arXiv 2312.06795, see breadcrumbs.cpp) with TIES' sign election (arXiv 2306.01708).
#include <array>

#include "merge/methods/methods.h"
#include "merge/methods/trim.h"

namespace vlrm {
namespace {

constexpr std::array kParameters{
    kWeight, kDensity, kGamma, boolean("normalize", false), boolean("rescale", false), kRescaleNormOfMagnitudes,
    kLambda, kInt8Mask};

std::unique_ptr<TensorReader> merge_breadcrumbs_ties(const TensorMerge& merge) {
  auto inputs = std::make_shared<MergeInputs>(merge);
  auto kept = trim_small_and_outliers(merge, *inputs);
  if (rescale_norm_of(merge) == RescaleNorm::l1) kept = with_l1_norm(std::move(kept), *inputs);
  return task_vector_tensor(merge, std::move(inputs), std::move(kept), Mix::elect);
}

}  // namespace

const Method breadcrumbs_ties_method{.name = "breadcrumbs_ties",
                                     .title = "Model Breadcrumbs with TIES",
                                     .reference = "https://arxiv.org/abs/2312.06795",
                                     .base = BaseModel::required,
                                     .parameters = kParameters,
                                     .merge = merge_breadcrumbs_ties,
                                     .passes = 2};

}  // namespace vlrm
