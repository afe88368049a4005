// DARE (arXiv 2311.03099) with task arithmetic: deltas dropped at random, then base + λ · Σ w·delta.
#include "merge/methods/dare.h"
#include "merge/methods/methods.h"

namespace vlrm {
namespace {

std::unique_ptr<TensorReader> merge_dare_linear(const TensorMerge& merge) {
  auto inputs = std::make_shared<MergeInputs>(merge);
  auto kept = drop_at_random(merge, *inputs);
  return task_vector_tensor(merge, std::move(inputs), std::move(kept), Mix::sum);
}

}  // namespace

const Method dare_linear_method{.name = "dare_linear",
                                .title = "DARE",
                                .reference = "https://arxiv.org/abs/2311.03099",
                                .base = BaseModel::required,
                                .parameters = kDareParameters,
                                .merge = merge_dare_linear,
                                .problem = problem_of_density,
                                .is_random = true};

}  // namespace vlrm
