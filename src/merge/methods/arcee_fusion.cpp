// Arcee Fusion: of the model's deltas from the base, the important ones are added. A delta's importance is its
// magnitude times the Kullback–Leibler divergence between the softmax of its row in the model and in the base;
// important is what reaches the median by one and a half interquartile ranges. mergekit estimates the quartiles of more
// than a million elements from a random million; here they are exact.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "merge/methods/combine.h"
#include "merge/methods/magnitude_cut.h"
#include "merge/methods/methods.h"
#include "merge/methods/pointwise.h"
#include "merge/methods/stretches.h"

namespace vlrm {
namespace {

constexpr double kEpsilon = 1e-8;

// Of softmax(x) from softmax(base), epsilon added to both.
float divergence(const float* x, const float* base, int64_t count) {
  const auto shifted_sum = [&](const float* values, float most) {
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) sum += std::exp(static_cast<double>(values[i] - most));
    return sum;
  };
  const float most_x = *std::max_element(x, x + count), most_base = *std::max_element(base, base + count);
  const double sum_x = shifted_sum(x, most_x), sum_base = shifted_sum(base, most_base);
  double total = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double p = std::exp(static_cast<double>(x[i] - most_x)) / sum_x + kEpsilon;
    const double q = std::exp(static_cast<double>(base[i] - most_base)) / sum_base + kEpsilon;
    total += p * std::log(p / q);
  }
  return static_cast<float>(std::max(total, 0.0));
}

std::vector<float> divergences(const TensorMerge& merge) {
  const MergeInputs values(merge, {.deltas = false, .row = row_length(merge.output)});
  std::vector<float> rows(static_cast<size_t>(values.elements() / values.row()));
  parallel_for(stretch_count(values), [&](int64_t stretch) {
    visit_stretch(values, stretch, [&](const Block& block) {
      rows[static_cast<size_t>(block.first / values.row())] = divergence(block.tensors[0], block.base, block.count);
    });
  });
  return rows;
}

float magnitude_of(const MagnitudeCut& cut) {
  return std::bit_cast<float>(cut.bits);
}

class Fusion {
 public:
  explicit Fusion(const TensorMerge& merge) : rows_(divergences(merge)), row_(row_length(merge.output)) {}

  void find_threshold(const std::shared_ptr<const MergeInputs>& deltas) {
    const DerivedColumn column(deltas, [&](const Block& block, float* out) { importance(block, out); });
    std::array<LargestOf, 3> quartiles;
    for (size_t i = 0; i < quartiles.size(); ++i) {
      const double position = 0.25 * static_cast<double>(i + 1) * static_cast<double>(deltas->elements() - 1);
      quartiles[i] = {0, deltas->elements() - static_cast<int64_t>(position)};
    }
    const auto cuts = largest_magnitudes(column, quartiles);
    threshold_ = magnitude_of(cuts[1]) + 1.5f * (magnitude_of(cuts[2]) - magnitude_of(cuts[0]));
  }

  void merge(const Block& block, float* out) const {
    importance(block, out);
    for (int64_t i = 0; i < block.count; ++i) out[i] = out[i] >= threshold_ ? block.tensors[0][i] : 0.0f;
    add_base(block, out);
  }

 private:
  void importance(const Block& block, float* out) const {
    for (int64_t i = 0; i < block.count; ++i)
      out[i] = std::abs(block.tensors[0][i]) * rows_[static_cast<size_t>((block.first + i) / row_)];
  }

  std::vector<float> rows_;  // divergences
  int64_t row_;
  float threshold_ = 0;
};

std::unique_ptr<TensorReader> merge_arcee_fusion(const TensorMerge& merge) {
  const auto deltas = std::make_shared<MergeInputs>(merge);
  Fusion fusion(merge);
  fusion.find_threshold(deltas);
  return pointwise_tensor(merge.output, deltas,
                          [fusion = std::move(fusion)](const Block& block, float* out) { fusion.merge(block, out); });
}

}  // namespace

const Method arcee_fusion_method{.name = "arcee_fusion",
                                 .title = "Arcee Fusion",
                                 .reference = "https://arcee.ai",
                                 .base = BaseModel::required,
                                 .most_models = 1,
                                 .merge = merge_arcee_fusion,
                                 .passes = 3};

}  // namespace vlrm
