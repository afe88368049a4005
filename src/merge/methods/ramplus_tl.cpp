// Reinforced Agent Merging Plus, tensor-local (arXiv 2601.13572): see ram.h; a model's factor is 1 + r · min(ρ, alpha),
// ρ the number of its deltas that others share over the number that are its alone.
#include <algorithm>
#include <array>
#include <cmath>

#include "merge/methods/methods.h"
#include "merge/methods/pointwise.h"
#include "merge/methods/ram.h"
#include "merge/methods/stretches.h"

namespace vlrm {
namespace {

constexpr std::array kParameters{
    MethodParameter{.name = "r", .default_value = 0.1},
    MethodParameter{.name = "alpha", .kind = ParameterKind::not_negative, .default_value = 0.2}, kCounts};

struct Counts {
  std::vector<int64_t> shared, alone;  // by model

  Counts& operator+=(const Counts& other) {
    for (size_t m = 0; m < shared.size(); ++m) {
      shared[m] += other.shared[m];
      alone[m] += other.alone[m];
    }
    return *this;
  }
};

void add(const Block& block, float epsilon, Counts& counts) {
  std::array<uint8_t, BlockSource::kBlock> models{};
  for (const float* delta : block.tensors)
    for (int64_t i = 0; i < block.count; ++i) models[static_cast<size_t>(i)] += std::abs(delta[i]) > epsilon;
  for (size_t m = 0; m < counts.shared.size(); ++m)
    for (int64_t i = 0; i < block.count; ++i) {
      const bool counted = std::abs(block.tensors[m][i]) > epsilon;
      counts.shared[m] += counted && models[static_cast<size_t>(i)] > 1;
      counts.alone[m] += counted && models[static_cast<size_t>(i)] == 1;
    }
}

std::unique_ptr<TensorReader> merge_ramplus_tl(const TensorMerge& merge) {
  const auto inputs = std::make_shared<MergeInputs>(merge);
  const auto epsilon = static_cast<float>(merge.number("epsilon"));
  const std::vector<int64_t> zeros(inputs->columns());
  const Counts counts =
      sum_over(*inputs, Counts{zeros, zeros}, [&](const Block& block, Counts& sums) { add(block, epsilon, sums); });
  std::vector<float> alone;
  for (size_t m = 0; m < zeros.size(); ++m) {
    const double least = std::max(static_cast<double>(counts.alone[m]), merge.number("epsilon"));
    const double share = counts.shared[m] == 0 ? 0 : static_cast<double>(counts.shared[m]) / least;
    alone.push_back(static_cast<float>(1 + merge.number("r") * std::min(share, merge.number("alpha"))));
  }
  return pointwise_tensor(merge.output, inputs, [alone, epsilon](const Block& block, float* out) {
    add_what_counts(block, epsilon, alone, out);
  });
}

}  // namespace

const Method ramplus_tl_method{.name = "ramplus_tl",
                               .title = "Reinforced Agent Merging Plus",
                               .reference = "https://arxiv.org/abs/2601.13572",
                               .base = BaseModel::required,
                               .most_models = 255,
                               .parameters = kParameters,
                               .merge = merge_ramplus_tl,
                               .passes = 2};

}  // namespace vlrm
