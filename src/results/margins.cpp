#include "results/margins.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "results/metrics.h"

namespace vlrm {
namespace {

constexpr double kBins = 25;             // of a histogram, at most but for one
constexpr double kSmallestStep = 1e-12;  // what margins differ by beyond the digits of scores says nothing
constexpr int kCalibrationBins = 10;

// The multiple i of `factor` · 10^power, exact where it is a short decimal: 3 · 0.1 would be 0.30000000000000004.
double multiple(double i, double factor, int power) {
  return power < 0 ? i * factor / std::pow(10, -power) : i * factor * std::pow(10, power);
}

// From the last multiple that is not above `low` to the first that is not below `high`.
std::vector<double> nice_edges(double low, double high) {
  const double rough = std::max(high / kBins - low / kBins, kSmallestStep);
  const int power = static_cast<int>(std::floor(std::log10(rough)));
  const double scale = rough / std::pow(10, power);
  const double factor = scale <= 1 ? 1 : scale <= 2 ? 2 : scale <= 5 ? 5 : 10;
  const double step = multiple(1, factor, power);
  double first = std::floor(low / step), last = std::ceil(high / step);
  while (multiple(first, factor, power) > low) --first;
  while (multiple(last, factor, power) < high || last == first) ++last;
  std::vector<double> edges;
  const auto bins = static_cast<int>(last - first);
  for (int i = 0; i <= bins; ++i) edges.push_back(multiple(first + i, factor, power));
  return edges;
}

// The highest score less the second.
double lead(const Outcome& outcome) {
  double first = -INFINITY, second = -INFINITY;
  for (const double score : outcome.scores) {
    if (std::isnan(score)) return NAN;
    second = std::max(second, std::min(first, score));
    first = std::max(first, score);
  }
  return first - second;
}

bool is_pair(const Outcome& outcome) {
  return outcome.scores.size() == 2 && outcome.correctness[0] != outcome.correctness[1];
}

}  // namespace

std::optional<MarginHistogram> margin_histogram(const std::vector<Outcome>& outcomes) {
  std::vector<std::pair<double, bool>> rows;  // margin, right
  for (const Outcome& outcome : outcomes)
    if (!outcome.scores.empty()) rows.emplace_back(score_margin(outcome), !chose_wrong(outcome));
  MarginHistogram histogram;
  histogram.left_out = std::erase_if(rows, [](const auto& row) { return !std::isfinite(row.first); });
  if (rows.empty()) return std::nullopt;
  const auto [least, most] = std::ranges::minmax_element(rows);
  histogram.edges = nice_edges(std::min(0.0, least->first), std::max(0.0, most->first));
  const std::vector<double>& edges = histogram.edges;
  histogram.right.resize(edges.size() - 1);
  histogram.wrong.resize(edges.size() - 1);
  for (const auto& [margin, right] : rows) {
    const auto above = static_cast<size_t>(std::ranges::upper_bound(edges, margin) - edges.begin());
    ++(right ? histogram.right : histogram.wrong)[std::min(above, edges.size() - 1) - 1];
  }
  return histogram;
}

std::vector<AccuracyBin> accuracy_by_margin(const std::vector<Outcome>& outcomes) {
  std::vector<std::pair<double, double>> rows;
  for (const Outcome& outcome : outcomes) {
    const double margin = lead(outcome);
    if (std::isfinite(margin)) rows.emplace_back(margin, chosen_correctness(outcome));
  }
  return accuracy_by(std::move(rows));
}

std::optional<Calibration> calibration(const std::vector<Outcome>& outcomes) {
  std::vector<CalibrationBin> bins(kCalibrationBins);
  int64_t rows = 0;
  for (const Outcome& outcome : outcomes) {
    const double margin = lead(outcome);
    if (!is_pair(outcome) || !std::isfinite(margin)) continue;
    const double probability = 1 / (1 + std::exp(-margin));
    const auto place = static_cast<size_t>((probability - 0.5) * 2 * kCalibrationBins);
    CalibrationBin& bin = bins[std::min<size_t>(place, kCalibrationBins - 1)];
    ++bin.count;
    bin.predicted += probability;
    bin.right += chosen_correctness(outcome);
    ++rows;
  }
  if (rows == 0) return std::nullopt;
  Calibration result;
  for (int i = 0; i < kCalibrationBins; ++i) {
    CalibrationBin bin = bins[static_cast<size_t>(i)];
    if (bin.count == 0) continue;
    bin.low = (kCalibrationBins + i) / (2.0 * kCalibrationBins);
    bin.high = (kCalibrationBins + i + 1) / (2.0 * kCalibrationBins);
    result.error += std::abs(bin.predicted - bin.right) / static_cast<double>(rows);
    bin.predicted /= static_cast<double>(bin.count);
    bin.right /= static_cast<double>(bin.count);
    result.bins.push_back(bin);
  }
  return result;
}

}  // namespace vlrm
