// Task vectors (arXiv 2212.04089): base + λ · Σ w·(x − base), the sum divided by Σ w if normalized.
#include <array>

#include "merge/methods/methods.h"
#include "merge/methods/task_vectors.h"

namespace vlrm {
namespace {

constexpr std::array kParameters{kWeight, boolean("normalize", false), kLambda, kInt8Mask};

std::unique_ptr<TensorReader> merge_task_arithmetic(const TensorMerge& merge) {
  return task_vector_tensor(merge, std::make_shared<MergeInputs>(merge), nullptr, Mix::sum);
}

}  // namespace

const Method task_arithmetic_method{.name = "task_arithmetic",
                                    .title = "Task arithmetic",
                                    .reference = "https://arxiv.org/abs/2212.04089",
                                    .base = BaseModel::required,
                                    .parameters = kParameters,
                                    .merge = merge_task_arithmetic};

}  // namespace vlrm
