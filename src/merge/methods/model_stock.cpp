// Model Stock (arXiv 2403.19522): between the base and the average of the models, at t = N·cos θ / (1 + (N − 1)·cos θ),
// θ the average angle between two models' deltas; of whole tensors, or of each row (filter_wise).
#include <algorithm>
#include <array>
#include <cmath>

#include "base/target_clones.h"
#include "merge/methods/gram.h"
#include "merge/methods/methods.h"
#include "merge/methods/parameters.h"
#include "merge/methods/pointwise.h"

namespace vlrm {
namespace {

constexpr std::array kParameters{boolean("filter_wise", false)};

float position_of(const Grams& grams, int64_t group) {
  const size_t models = grams.columns;
  const auto norm = [&](size_t i) { return std::sqrt(grams.at(group, i, i)); };
  double sum = 0;
  int pairs = 0;
  for (size_t i = 0; i < models; ++i)
    for (size_t j = i + 1; j < models; ++j, ++pairs)
      sum += std::clamp(grams.at(group, i, j) / std::max(norm(i) * norm(j), 1e-6), -1.0, 1.0);
  const double cosine = sum / pairs, count = static_cast<double>(models);
  return static_cast<float>(count * cosine / (1 + (count - 1) * cosine));
}

VLRM_TARGET_CLONES void add(const float* x, int64_t count, float* sum) {
  for (int64_t i = 0; i < count; ++i) sum[i] += x[i];
}

VLRM_TARGET_CLONES void interpolate(float t, float models, const float* base, int64_t count, float* sum) {
  const float rest = 1 - t;
  for (int64_t i = 0; i < count; ++i) sum[i] = t * (sum[i] / models) + rest * base[i];
}

std::unique_ptr<TensorReader> merge_model_stock(const TensorMerge& merge) {
  const int64_t row = merge.is_set("filter_wise") ? row_length(merge.output) : 0;
  const MergeInputs deltas(merge, {.row = row});
  const Grams grams = row == 0 ? gram_of(deltas) : row_grams(deltas);
  std::vector<float> positions;
  for (size_t group = 0; group * grams.columns * grams.columns < grams.products.size(); ++group)
    positions.push_back(position_of(grams, static_cast<int64_t>(group)));
  const auto values = std::make_shared<MergeInputs>(merge, MergeInputs::Options{.deltas = false, .row = row});
  return pointwise_tensor(merge.output, values, [positions, row](const Block& block, float* out) {
    std::copy_n(block.tensors[0], block.count, out);
    for (const float* model : block.tensors.subspan(1)) add(model, block.count, out);
    interpolate(positions[static_cast<size_t>(row == 0 ? 0 : block.first / row)],
                static_cast<float>(block.tensors.size()), block.base, block.count, out);
  });
}

}  // namespace

const Method model_stock_method{.name = "model_stock",
                                .title = "Model Stock",
                                .reference = "https://arxiv.org/abs/2403.19522",
                                .base = BaseModel::required,
                                .least_models = 2,
                                .parameters = kParameters,
                                .merge = merge_model_stock,
                                .passes = 2};

}  // namespace vlrm
