// SCE (arXiv 2408.07990). Select: the elements in whose deltas the models vary most (select_topk of those that vary at
// all). Calculate: each model's weight from the mean square of its selected deltas. Erase: deltas against the elected
// sign. Then the weighted average of what is left, added to the base.
#include <array>
#include <cmath>

#include "base/target_clones.h"
#include "merge/methods/combine.h"
#include "merge/methods/magnitude_cut.h"
#include "merge/methods/methods.h"
#include "merge/methods/parameters.h"
#include "merge/methods/pointwise.h"
#include "merge/methods/stretches.h"

namespace vlrm {
namespace {

constexpr std::array kParameters{
    MethodParameter{.name = "select_topk", .kind = ParameterKind::fraction, .default_value = 1}, kInt8Mask};

// The variance over the models of each element's deltas.
void variances(const Block& block, float* out) {
  const auto models = static_cast<double>(block.tensors.size());
  for (int64_t i = 0; i < block.count; ++i) {
    double mean = 0, sum = 0;
    for (const float* delta : block.tensors) mean += delta[i];
    mean /= models;
    for (const float* delta : block.tensors) sum += (delta[i] - mean) * (delta[i] - mean);
    out[i] = static_cast<float>(sum / models);
  }
}

// Which elements are selected.
class Selection {
 public:
  Selection(const std::shared_ptr<const MergeInputs>& inputs, double fraction) : all_(fraction >= 1) {
    if (all_) return;
    const DerivedColumn variance(inputs, variances);
    const auto varying = sum_over(variance, int64_t{0}, [](const Block& block, int64_t& sum) {
      sum += block.count - std::count(block.tensors[0], block.tensors[0] + block.count, 0.0f);
    });
    const auto kept = static_cast<int64_t>(static_cast<double>(varying) * fraction);
    if (kept == 0) return;
    const LargestOf wanted{0, kept};
    cut_ = largest_magnitudes(variance, std::span(&wanted, 1)).front();
  }

  void apply(const Block& block) const {
    if (all_) return;
    std::vector<float> variance(static_cast<size_t>(block.count));
    if (cut_) {
      variances(block, variance.data());
      cut_->trim(variance.data(), block.first, block.count);
    }
    for (float* delta : block.tensors)
      for (int64_t i = 0; i < block.count; ++i) delta[i] = variance[static_cast<size_t>(i)] != 0 ? delta[i] : 0.0f;
  }

 private:
  bool all_;
  std::optional<MagnitudeCut> cut_;  // none: nothing is selected
};

struct Squares {
  std::vector<double> sums;  // by model
  Squares& operator+=(const Squares& other) {
    for (size_t m = 0; m < sums.size(); ++m) sums[m] += other.sums[m];
    return *this;
  }
};

std::vector<float> weights_of(const MergeInputs& inputs, const Selection& selection) {
  const Squares squares =
      sum_over(inputs, Squares{std::vector<double>(inputs.columns())}, [&](const Block& block, Squares& sums) {
        selection.apply(block);
        for (size_t m = 0; m < sums.sums.size(); ++m)
          for (int64_t i = 0; i < block.count; ++i)
            sums.sums[m] += static_cast<double>(block.tensors[m][i]) * block.tensors[m][i];
      });
  double total = 0;
  for (const double sum : squares.sums) total += sum / static_cast<double>(inputs.elements());
  std::vector<float> weights;
  for (const double sum : squares.sums)
    weights.push_back(static_cast<float>(total < 1e-6 ? 1 / static_cast<double>(squares.sums.size())
                                                      : sum / static_cast<double>(inputs.elements()) / total));
  return weights;
}

VLRM_TARGET_CLONES void add_elected(const float* delta, float weight, const float* elected, int64_t count, float* sum,
                                    float* weights) {
  for (int64_t i = 0; i < count; ++i) {
    const float sign = elected[i] >= 0 ? 1.0f : -1.0f;
    const bool agrees = delta[i] * sign > 0;
    sum[i] += agrees ? delta[i] * weight : 0.0f;
    weights[i] += agrees ? weight : 0.0f;
  }
}

VLRM_TARGET_CLONES void average(const float* sum, const float* weights, int64_t count, float* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = sum[i] / (weights[i] < 1e-6f ? 1e-6f : weights[i]);
}

void merge_block(const Block& block, const std::vector<float>& weights, float* out) {
  std::array<float, BlockSource::kBlock> sums{}, agreeing{};
  const std::vector<float> ones(weights.size(), 1.0f);
  weighted_sum(block, ones, out);
  for (size_t m = 0; m < weights.size(); ++m)
    add_elected(block.tensors[m], weights[m], out, block.count, sums.data(), agreeing.data());
  average(sums.data(), agreeing.data(), block.count, out);
  add_base(block, out);
}

std::unique_ptr<TensorReader> merge_sce(const TensorMerge& merge) {
  const auto inputs = std::make_shared<MergeInputs>(merge);
  Selection selection(inputs, merge.number("select_topk"));
  auto weights = weights_of(*inputs, selection);
  return pointwise_tensor(merge.output, inputs,
                          [selection, weights = std::move(weights)](const Block& block, float* out) {
                            selection.apply(block);
                            merge_block(block, weights, out);
                          });
}

}  // namespace

const Method sce_method{.name = "sce",
                        .title = "SCE",
                        .reference = "https://arxiv.org/abs/2408.07990",
                        .base = BaseModel::required,
                        .parameters = kParameters,
                        .merge = merge_sce,
                        .passes = 2};

}  // namespace vlrm
