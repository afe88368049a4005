// DARE (arXiv 2311.03099) with TIES: deltas dropped at random, then the sign election.
#include "merge/methods/dare.h"
#include "merge/methods/methods.h"

namespace vlrm {
namespace {

std::unique_ptr<TensorReader> merge_dare_ties(const TensorMerge& merge) {
  auto inputs = std::make_shared<MergeInputs>(merge);
  auto kept = drop_at_random(merge, *inputs);
  return task_vector_tensor(merge, std::move(inputs), std::move(kept), Mix::elect);
}

}  // namespace

const Method dare_ties_method{.name = "dare_ties",
                              .title = "DARE with TIES",
                              .reference = "https://arxiv.org/abs/2311.03099",
                              .base = BaseModel::required,
                              .parameters = kDareParameters,
                              .merge = merge_dare_ties,
                              .problem = problem_of_density,
                              .is_random = true};

}  // namespace vlrm
