// Karcher mean: the point of the sphere whose squared distances to the models' directions are least, found by
// iteration, with the average of their norms.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "merge/methods/combine.h"
#include "merge/methods/gram.h"
#include "merge/methods/methods.h"
#include "merge/methods/parameters.h"
#include "merge/methods/pointwise.h"

namespace vlrm {
namespace {

constexpr std::array kParameters{
    MethodParameter{.name = "max_iter", .kind = ParameterKind::count, .default_value = 10},
    MethodParameter{.name = "tol", .kind = ParameterKind::not_negative, .default_value = 1e-5}};

// The iteration, on vectors as their coefficients for the models' directions.
class Mean {
 public:
  Mean(const Grams& grams, std::vector<size_t> models, double tolerance)
      : models_(std::move(models)),
        tolerance_(tolerance),
        mean_(models_.size(), 1.0 / static_cast<double>(models_.size())) {
    for (const size_t i : models_)
      for (const size_t j : models_)
        cosines_.push_back(grams.at(0, i, j) / std::sqrt(grams.at(0, i, i) * grams.at(0, j, j)));
    const double length = norm(mean_);
    if (length < tolerance_) {
      std::ranges::fill(mean_, 0.0);
      mean_[0] = 1;
    } else {
      divide(mean_, length);
    }
  }

  // Towards the mean of the tangents to all directions. False where that is next to nothing.
  bool step() {
    std::vector<double> tangent(mean_.size());
    for (size_t i = 0; i < mean_.size(); ++i) {
      const double cosine = std::clamp(with_direction(mean_, i), -1.0, 1.0), angle = std::acos(cosine);
      if (angle < tolerance_) continue;
      const double fraction = angle / std::sin(angle) / static_cast<double>(mean_.size());
      tangent[i] += fraction;
      for (size_t j = 0; j < mean_.size(); ++j) tangent[j] -= fraction * cosine * mean_[j];
    }
    const double length = norm(tangent);
    if (length < tolerance_) return false;
    for (size_t i = 0; i < mean_.size(); ++i)
      mean_[i] = std::cos(length) * mean_[i] + std::sin(length) * tangent[i] / length;
    if (const double now = norm(mean_); now > tolerance_) divide(mean_, now);
    return true;
  }

  const std::vector<double>& coefficients() const { return mean_; }

 private:
  double with_direction(const std::vector<double>& vector, size_t direction) const {
    double sum = 0;
    for (size_t j = 0; j < vector.size(); ++j) sum += vector[j] * cosines_[direction * vector.size() + j];
    return sum;
  }
  double norm(const std::vector<double>& vector) const {
    double sum = 0;
    for (size_t i = 0; i < vector.size(); ++i) sum += vector[i] * with_direction(vector, i);
    return std::sqrt(std::max(0.0, sum));
  }
  static void divide(std::vector<double>& vector, double divisor) {
    for (double& value : vector) value /= divisor;
  }

  std::vector<size_t> models_;
  double tolerance_;
  std::vector<double> cosines_, mean_;
};

std::vector<float> coefficients_of(const TensorMerge& merge, const MergeInputs& inputs) {
  const size_t count = inputs.columns();
  if (count == 1) return {1.0f};
  const Grams grams = gram_of(inputs);
  const double tolerance = merge.number("tol");
  std::vector<size_t> models;  // that are not 0
  double norms = 0;
  for (size_t i = 0; i < count; ++i) {
    const double norm = std::sqrt(grams.at(0, i, i));
    norms += norm;
    if (norm > tolerance) models.push_back(i);
  }
  std::vector<float> coefficients(count);
  if (models.empty()) return coefficients;
  Mean mean(grams, models, tolerance);
  for (auto left = static_cast<int64_t>(merge.number("max_iter")); left > 0 && mean.step(); --left) continue;
  for (size_t i = 0; i < models.size(); ++i) {
    const double norm = std::sqrt(grams.at(0, models[i], models[i]));
    coefficients[models[i]] = static_cast<float>(norms / static_cast<double>(count) * mean.coefficients()[i] / norm);
  }
  return coefficients;
}

std::unique_ptr<TensorReader> merge_karcher(const TensorMerge& merge) {
  const auto inputs = std::make_shared<MergeInputs>(merge);
  return pointwise_tensor(merge.output, inputs,
                          [coefficients = coefficients_of(merge, *inputs)](const Block& block, float* out) {
                            weighted_sum(block, coefficients, out);
                          });
}

}  // namespace

const Method karcher_method{.name = "karcher",
                            .title = "Karcher mean",
                            .reference = "https://en.wikipedia.org/wiki/Karcher_mean",
                            .parameters = kParameters,
                            .merge = merge_karcher,
                            .passes = 2};

}  // namespace vlrm
