#include "results/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/threads.h"

namespace vlrm {
namespace {

// SplitMix64 (Steele, Lea and Flood 2014).
uint64_t mixed(uint64_t word) {
  word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9U;
  word = (word ^ (word >> 27)) * 0x94D049BB133111EBU;
  return word ^ (word >> 31);
}
constexpr uint64_t kStep = 0x9E3779B97F4A7C15U;

constexpr double kZ = 1.959963984540054;  // the normal distribution's 97.5% quantile

// The mean of as many values as there are, drawn with replacement. A word gives two indices; that they are not a
// multiple apart from uniform by more than count / 2^32 does not show in 10,000 resamples.
double resampled_mean(std::span<const double> values, uint64_t& state) {
  const uint64_t count = values.size();
  double even = 0, odd = 0;
  for (uint64_t i = 0; i + 1 < count; i += 2) {
    const uint64_t word = mixed(state += kStep);
    even += values[(word >> 32) * count >> 32];
    odd += values[(word & 0xFFFFFFFFU) * count >> 32];
  }
  if (count % 2 == 1) even += values[(mixed(state += kStep) >> 32) * count >> 32];
  return (even + odd) / static_cast<double>(count);
}

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

bool all_equal(std::span<const double> values) {
  return std::ranges::all_of(values, [&](double value) { return value == values.front(); });
}

bool has_empty(const Strata& strata) {
  return strata.empty() || std::any_of(strata.begin(), strata.end(), [](auto values) { return values.empty(); });
}

// A generator a resample, keyed by its number, makes them independent of who computes which.
std::vector<double> resampled_means(const Strata& strata, const BootstrapOptions& options) {
  constexpr int64_t kBlock = 100;
  std::vector<double> means(static_cast<size_t>(options.resamples));
  parallel_for((options.resamples + kBlock - 1) / kBlock, [&](int64_t block) {
    const int64_t end = std::min((block + 1) * kBlock, options.resamples);
    for (int64_t i = block * kBlock; i < end; ++i) {
      uint64_t state = mixed(mixed(options.seed + kStep) ^ static_cast<uint64_t>(i));
      double sum = 0;
      for (const auto values : strata) sum += resampled_mean(values, state);
      means[static_cast<size_t>(i)] = sum / static_cast<double>(strata.size());
    }
  });
  return means;
}

}  // namespace

std::optional<Interval> bootstrap_interval(const Strata& strata, const BootstrapOptions& options) {
  VLRM_ASSERT(options.resamples > 0 && options.confidence > 0 && options.confidence < 1);
  if (has_empty(strata)) return std::nullopt;
  std::vector<double> means = resampled_means(strata, options);
  std::sort(means.begin(), means.end());
  const double tail = (1 - options.confidence) / 2;
  return Interval{quantile(means, tail), quantile(means, 1 - tail)};
}

double bootstrap_p_value(const Strata& differences, const BootstrapOptions& options) {
  VLRM_ASSERT(options.resamples > 0);
  if (has_empty(differences)) return 1;
  std::vector<std::vector<double>> centred;
  double observed = 0;
  for (const auto values : differences) {
    const double centre = mean(values);
    observed += centre / static_cast<double>(differences.size());
    auto& shifted = centred.emplace_back(values.begin(), values.end());
    for (double& value : shifted) value -= centre;
  }
  // What differs by rounding alone is equally far.
  const double far = std::abs(observed) * (1 - 1e-12);
  const auto means = resampled_means({centred.begin(), centred.end()}, options);
  const auto beyond = std::count_if(means.begin(), means.end(), [&](double value) { return std::abs(value) >= far; });
  return static_cast<double>(beyond + 1) / static_cast<double>(options.resamples + 1);
}

std::optional<Interval> interval_of_mean(const Strata& strata, double lowest, double highest) {
  const auto bootstrapped = bootstrap_interval(strata);
  if (!bootstrapped || std::ranges::none_of(strata, all_equal)) return bootstrapped;
  const auto count = static_cast<double>(strata.size());
  double observed = 0;
  for (const auto values : strata) observed += mean(values) / count;
  double below = std::pow(observed - bootstrapped->low, 2), above = std::pow(bootstrapped->high - observed, 2);
  for (const auto values : strata) {
    if (!all_equal(values)) continue;
    const double doubtful = kZ * kZ / (static_cast<double>(values.size()) + kZ * kZ);
    below += std::pow(doubtful * (values.front() - lowest) / count, 2);
    above += std::pow(doubtful * (highest - values.front()) / count, 2);
  }
  return Interval{std::max(lowest, observed - std::sqrt(below)), std::min(highest, observed + std::sqrt(above))};
}

std::optional<Interval> wilson_interval(int64_t correct, int64_t count) {
  if (count == 0) return std::nullopt;
  const auto n = static_cast<double>(count);
  const double fraction = static_cast<double>(correct) / n, scale = 1 + kZ * kZ / n;
  const double centre = (fraction + kZ * kZ / (2 * n)) / scale;
  const double half = kZ * std::sqrt(fraction * (1 - fraction) / n + kZ * kZ / (4 * n * n)) / scale;
  // At the ends rounding would leave the observed share out of its own interval.
  return Interval{correct == 0 ? 0 : centre - half, correct == count ? 1 : centre + half};
}

double mcnemar_p_value(int64_t only_a, int64_t only_b) {
  const auto n = static_cast<double>(only_a + only_b);
  auto k = static_cast<double>(std::min(only_a, only_b));
  // P(X ≤ k) of a fair coin, from its largest term down.
  double term = std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) - n * std::log(2.0));
  double tail = term;
  for (; k > 0 && term > 0; --k) tail += term *= k / (n - k + 1);
  return std::min(1.0, 2 * tail);
}

std::vector<double> holm_corrected(const std::vector<double>& p_values) {
  std::vector<size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](size_t i) { return p_values[i]; });
  std::vector<double> corrected(p_values.size());
  double largest = 0;
  for (size_t k = 0; k < order.size(); ++k) {
    largest = std::max(largest, p_values[order[k]] * static_cast<double>(order.size() - k));
    corrected[order[k]] = std::min(1.0, largest);
  }
  return corrected;
}

double quantile(std::span<const double> sorted, double q) {
  const double place = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  if (below + 1 >= sorted.size()) return sorted.back();
  return sorted[below] + (sorted[below + 1] - sorted[below]) * (place - static_cast<double>(below));
}

std::optional<Distribution> distribution(std::vector<double> values) {
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  Distribution all;
  all.count = static_cast<int64_t>(values.size());
  all.mean = mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - all.mean) * (value - all.mean);
  if (all.count > 1) all.deviation = std::sqrt(squares / static_cast<double>(all.count - 1));
  all.minimum = values.front();
  all.maximum = values.back();
  all.q05 = quantile(values, 0.05);
  all.q25 = quantile(values, 0.25);
  all.median = quantile(values, 0.5);
  all.q75 = quantile(values, 0.75);
  all.q95 = quantile(values, 0.95);
  return all;
}

}  // namespace vlrm
