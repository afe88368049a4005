// Reinforced Agent Merging (arXiv 2601.13572): see ram.h; every factor is 1.
#include "merge/methods/ram.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/target_clones.h"
#include "merge/methods/combine.h"
#include "merge/methods/methods.h"
#include "merge/methods/pointwise.h"

namespace vlrm {
namespace {

constexpr std::array kParameters{kCounts};

VLRM_TARGET_CLONES void count(const float* delta, float epsilon, int64_t size, float* models) {
  for (int64_t i = 0; i < size; ++i) models[i] += std::abs(delta[i]) > epsilon ? 1.0f : 0.0f;
}

VLRM_TARGET_CLONES void add_counting(const float* delta, float epsilon, const float* models, float alone, int64_t size,
                                     float* out) {
  for (int64_t i = 0; i < size; ++i) {
    const float counted = std::abs(delta[i]) > epsilon ? delta[i] : 0.0f;
    out[i] += models[i] == 1 ? counted * alone : counted / std::max(models[i], 1.0f);
  }
}

std::unique_ptr<TensorReader> merge_ram(const TensorMerge& merge) {
  const std::vector<float> alone(merge.inputs.size(), 1.0f);
  return pointwise_tensor(merge.output, std::make_shared<MergeInputs>(merge),
                          [alone, epsilon = static_cast<float>(merge.number("epsilon"))](
                              const Block& block, float* out) { add_what_counts(block, epsilon, alone, out); });
}

}  // namespace

void add_what_counts(const Block& block, float epsilon, const std::vector<float>& alone, float* out) {
  std::array<float, BlockSource::kBlock> models{};
  for (const float* delta : block.tensors) count(delta, epsilon, block.count, models.data());
  std::fill_n(out, block.count, 0.0f);
  for (size_t m = 0; m < alone.size(); ++m)
    add_counting(block.tensors[m], epsilon, models.data(), alone[m], block.count, out);
  add_base(block, out);
}

const Method ram_method{.name = "ram",
                        .title = "Reinforced Agent Merging",
                        .reference = "https://arxiv.org/abs/2601.13572",
                        .base = BaseModel::required,
                        .parameters = kParameters,
                        .merge = merge_ram};

}  // namespace vlrm
