// mergekit's Multi-SLERP: a barycentre on the sphere. The models' directions (or those of their deltas from a base) are
// averaged in the tangent space at their weighted mean, brought back to the sphere, and given their average norm.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "merge/methods/combine.h"
#include "merge/methods/gram.h"
#include "merge/methods/methods.h"
#include "merge/methods/parameters.h"
#include "merge/methods/pointwise.h"

namespace vlrm {
namespace {

constexpr std::array kParameters{
    kWeight, boolean("normalize_weights", true),
    MethodParameter{.name = "eps", .kind = ParameterKind::not_negative, .default_value = 1e-8}};

// A vector as its coefficients for the inputs.
using Coefficients = std::vector<double>;

double dot(const Grams& grams, const Coefficients& x, const Coefficients& y) {
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i)
    for (size_t j = 0; j < y.size(); ++j) sum += x[i] * y[j] * grams.at(0, i, j);
  return sum;
}

double norm(const Grams& grams, const Coefficients& x) {
  return std::sqrt(std::max(0.0, dot(grams, x, x)));
}

// Nothing where the weighted directions cancel.
std::optional<Coefficients> barycentre(const Grams& grams, const std::vector<double>& weights, double epsilon) {
  const size_t models = weights.size();
  std::vector<double> norms(models);
  Coefficients mean(models);
  for (size_t i = 0; i < models; ++i) {
    norms[i] = std::sqrt(grams.at(0, i, i));
    mean[i] = weights[i] / (norms[i] + epsilon);
  }
  Coefficients tangent = mean;
  const double mean_norm = norm(grams, mean);
  if (mean_norm < epsilon) return std::nullopt;
  for (double& coefficient : mean) coefficient /= mean_norm;
  double along_mean = 0, average_norm = 0;
  for (size_t i = 0; i < models; ++i) {
    Coefficients direction(models);
    direction[i] = 1 / (norms[i] + epsilon);
    along_mean += weights[i] * dot(grams, direction, mean);
    average_norm += weights[i] * norms[i];
  }
  for (size_t i = 0; i < models; ++i) tangent[i] -= along_mean * mean[i];
  const double length = norm(grams, tangent) + epsilon;
  Coefficients result(models);
  for (size_t i = 0; i < models; ++i)
    result[i] = average_norm * (mean[i] * std::cos(length) + tangent[i] * std::sin(length) / length);
  return result;
}

std::vector<float> coefficients_of(const TensorMerge& merge, const MergeInputs& inputs) {
  std::vector<double> weights;
  double sum = 0;
  for (const auto& input : merge.inputs) sum += weights.emplace_back(merge.number(input, "weight"));
  if (merge.is_set("normalize_weights"))
    for (double& weight : weights) weight /= sum;
  if (weights.size() == 1) return {1.0f};
  const Grams grams = gram_of(inputs);
  auto result = barycentre(grams, weights, merge.number("eps"));
  if (!result) {
    bool none_has_a_length = true;  // as where training left a tensor as it was
    for (size_t i = 0; i < weights.size(); ++i) none_has_a_length = none_has_a_length && grams.at(0, i, i) == 0;
    if (weights.size() > 2 && !none_has_a_length)
      fail("tensor {}: the models' directions, weighted, sum to 0: they have no barycentre; change a weight",
           printable(merge.output.name));
    result = weights;
  }
  return {result->begin(), result->end()};
}

std::unique_ptr<TensorReader> merge_multislerp(const TensorMerge& merge) {
  const auto inputs = std::make_shared<MergeInputs>(merge);
  return pointwise_tensor(merge.output, inputs,
                          [coefficients = coefficients_of(merge, *inputs)](const Block& block, float* out) {
                            weighted_sum(block, coefficients, out);
                            add_base(block, out);
                          });
}

std::optional<Problem> problem(const TensorMerge& merge) {
  return problem_of_sum(merge, "normalize_weights");
}

}  // namespace

const Method multislerp_method{.name = "multislerp",
                               .title = "Multi-SLERP",
                               .reference = "https://goddard.blog/posts/multislerp-wow-what-a-cool-idea",
                               .base = BaseModel::optional,
                               .parameters = kParameters,
                               .merge = merge_multislerp,
                               .problem = problem,
                               .passes = 2};

}  // namespace vlrm
