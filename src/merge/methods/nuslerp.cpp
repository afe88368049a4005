// mergekit's NuSLERP: spherical interpolation between two models, or between their deltas from a base. Whole tensors
// are the vectors (nuslerp_flatten), or else their rows (the last dimension), or, with nuslerp_row_wise, their columns
// (the first dimension). Where two vectors are parallel, linear.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/target_clones.h"
#include "merge/methods/combine.h"
#include "merge/methods/gram.h"
#include "merge/methods/methods.h"
#include "merge/methods/parameters.h"
#include "merge/methods/pointwise.h"

namespace vlrm {
namespace {

constexpr std::array kParameters{kWeight, boolean("nuslerp_row_wise", false), boolean("nuslerp_flatten", true)};

// Of one pair of vectors: (a·x + b·y) / divisor.
struct Mixing {
  float a, b, divisor;
};

Mixing mixing_at(double t, const Grams& grams, int64_t group) {
  const auto norm = [&](size_t i) { return std::max(std::sqrt(grams.at(group, i, i)), 1e-7); };
  const double cosine = std::clamp(grams.at(group, 0, 1) / (norm(0) * norm(1)), -1.0, 1.0);
  const double angle = std::acos(cosine), sine = std::sin(angle);
  if (std::abs(sine) < 1e-8) return {static_cast<float>(1 - t), static_cast<float>(t), 1.0f};
  return {static_cast<float>(std::sin((1 - t) * angle)), static_cast<float>(std::sin(t * angle)),
          static_cast<float>(sine)};
}

std::vector<Mixing> mixings_at(double t, const Grams& grams) {
  const auto groups = static_cast<int64_t>(grams.products.size() / (grams.columns * grams.columns));
  std::vector<Mixing> mixings;
  for (int64_t group = 0; group < groups; ++group) mixings.push_back(mixing_at(t, grams, group));
  return mixings;
}

double position_of(const TensorMerge& merge) {
  const double first = merge.number(merge.inputs[0], "weight"), second = merge.number(merge.inputs[1], "weight");
  return std::abs(first + second) < 1e-6 ? 0.5 : second / (first + second);
}

VLRM_TARGET_CLONES void mix(const Mixing& mixing, const float* x, const float* y, int64_t count, float* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = (mixing.a * x[i] + mixing.b * y[i]) / mixing.divisor;
}

VLRM_TARGET_CLONES void mix_columns(const Mixing* mixings, const float* x, const float* y, int64_t count, float* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = (mixings[i].a * x[i] + mixings[i].b * y[i]) / mixings[i].divisor;
}

std::unique_ptr<TensorReader> merge_columns(const TensorMerge& merge, int64_t columns) {
  const auto inputs = std::make_shared<MergeInputs>(merge);
  auto mixings = mixings_at(position_of(merge), column_grams(*inputs, columns));
  return pointwise_tensor(merge.output, inputs, [mixings, columns](const Block& block, float* out) {
    for (int64_t done = 0; done < block.count;) {
      const int64_t column = (block.first + done) % columns, count = std::min(block.count - done, columns - column);
      mix_columns(mixings.data() + column, block.tensors[0] + done, block.tensors[1] + done, count, out + done);
      done += count;
    }
    add_base(block, out);
  });
}

std::unique_ptr<TensorReader> merge_nuslerp(const TensorMerge& merge) {
  const bool flat = merge.is_set("nuslerp_flatten") || merge.output.shape.size() < 2;
  if (!flat && merge.is_set("nuslerp_row_wise"))
    return merge_columns(merge, merge.output.elements() / merge.output.shape[0]);
  const int64_t row = flat ? 0 : row_length(merge.output);
  const auto inputs = std::make_shared<MergeInputs>(merge, MergeInputs::Options{.row = row});
  auto mixings = mixings_at(position_of(merge), flat ? gram_of(*inputs) : row_grams(*inputs));
  return pointwise_tensor(merge.output, inputs, [mixings, row](const Block& block, float* out) {
    const auto group = static_cast<size_t>(row == 0 ? 0 : block.first / row);
    mix(mixings[group], block.tensors[0], block.tensors[1], block.count, out);
    add_base(block, out);
  });
}

}  // namespace

const Method nuslerp_method{.name = "nuslerp",
                            .title = "NuSLERP",
                            .reference = "https://github.com/arcee-ai/mergekit/blob/main/docs/merge_methods.md",
                            .base = BaseModel::optional,
                            .least_models = 2,
                            .most_models = 2,
                            .parameters = kParameters,
                            .merge = merge_nuslerp,
                            .passes = 2};

}  // namespace vlrm
