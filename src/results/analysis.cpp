#include "results/analysis.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "results/metrics.h"

namespace vlrm {
namespace {

bool scored(const std::vector<Outcome>& outcomes) {
  return !outcomes.empty() && !outcomes.front().scores.empty();
}

size_t last_largest(const std::vector<double>& scores) {
  const std::vector<double> reversed(scores.rbegin(), scores.rend());
  return scores.size() - 1 - first_largest(reversed);
}

double length_gap(const Outcome& outcome, bool pair) {
  const auto& lengths = outcome.lengths;
  const double sum = std::accumulate(lengths.begin(), lengths.end(), 0.0);
  const auto length = [&](size_t i) { return static_cast<double>(lengths[i]); };
  if (!pair) return length(outcome.chosen) - sum / static_cast<double>(lengths.size());
  const auto preferred = static_cast<size_t>(std::max_element(outcome.correctness.begin(), outcome.correctness.end()) -
                                             outcome.correctness.begin());
  if (lengths.size() < 2) return 0;
  return length(preferred) - (sum - length(preferred)) / static_cast<double>(lengths.size() - 1);
}

// Σ values[k] · P(k is the first of n drawn of all), over values in order of preference.
double expected_first(const std::vector<double>& values, size_t n) {
  const size_t count = values.size();
  n = std::min(n, count);
  double expected = 0, left = 1;  // the probability that none of those before k was drawn
  for (size_t k = 0; k + n <= count; ++k) {
    const double drawn = static_cast<double>(n) / static_cast<double>(count - k);
    expected += left * drawn * values[k];
    left *= 1 - drawn;
  }
  return expected;
}

std::vector<double> correctness_by_score(const Outcome& outcome) {
  std::vector<size_t> order(outcome.scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const double left = outcome.scores[a], right = outcome.scores[b];
    return std::isnan(left) != std::isnan(right) ? std::isnan(left) : left > right;  // as numpy.argmax has it
  });
  std::vector<double> values;
  for (const size_t i : order) values.push_back(outcome.correctness[i]);
  return values;
}

}  // namespace

std::optional<Ties> ties(const std::vector<Outcome>& outcomes) {
  if (!scored(outcomes)) return std::nullopt;
  Ties all;
  for (const Outcome& outcome : outcomes) {
    const double first = outcome.correctness[first_largest(outcome.scores)];
    const size_t last = last_largest(outcome.scores);
    bool tied = false, matters = false;
    for (size_t i = 0; i < last; ++i) {
      if (outcome.scores[i] != outcome.scores[last]) continue;
      tied = true;
      matters = matters || outcome.correctness[i] != outcome.correctness[last];
    }
    all.rows += tied;
    all.rows_that_matter += matters;
    all.accuracy += first;
    all.accuracy_reversed += outcome.correctness[last];
  }
  all.accuracy /= static_cast<double>(outcomes.size());
  all.accuracy_reversed /= static_cast<double>(outcomes.size());
  return all;
}

double score_margin(const Outcome& outcome) {
  const double highest = *std::max_element(outcome.correctness.begin(), outcome.correctness.end());
  double right = -INFINITY, wrong = -INFINITY;
  for (size_t i = 0; i < outcome.scores.size(); ++i) {
    double& best = outcome.correctness[i] == highest ? right : wrong;
    best = std::max(best, outcome.scores[i]);
  }
  return right - wrong;
}

bool chose_wrong(const Outcome& outcome) {
  return outcome.correctness[outcome.chosen] !=
         *std::max_element(outcome.correctness.begin(), outcome.correctness.end());
}

ScoreDistributions score_distributions(const std::vector<Outcome>& outcomes) {
  std::vector<double> all, right, wrong, margins;
  for (const Outcome& outcome : outcomes) {
    const auto [lowest, highest] = std::minmax_element(outcome.correctness.begin(), outcome.correctness.end());
    for (size_t i = 0; i < outcome.scores.size(); ++i) {
      all.push_back(outcome.scores[i]);
      if (*lowest != *highest) (outcome.correctness[i] == *highest ? right : wrong).push_back(outcome.scores[i]);
    }
    margins.push_back(score_margin(outcome));
  }
  return {distribution(std::move(all)), distribution(std::move(right)), distribution(std::move(wrong)),
          distribution(std::move(margins))};
}

std::vector<AccuracyBin> accuracy_by(std::vector<std::pair<double, double>> rows, size_t bins) {
  std::sort(rows.begin(), rows.end());
  std::vector<AccuracyBin> found;
  for (size_t i = 0, bin = 0; i < rows.size(); ++i) {
    const bool next = i >= rows.size() * bin / bins && (i == 0 || rows[i].first != rows[i - 1].first);
    if (next) {
      found.push_back({rows[i].first, rows[i].first, 0, 0});
      while (i >= rows.size() * bin / bins) ++bin;
    }
    found.back().high = rows[i].first;
    found.back().accuracy += rows[i].second;
    ++found.back().count;
  }
  for (AccuracyBin& bin : found) bin.accuracy /= static_cast<double>(bin.count);
  return found;
}

std::vector<AccuracyBin> accuracy_by_length_gap(const RunResults& run) {
  if (!run.scored()) return {};
  std::vector<std::pair<double, double>> rows;  // gap, correctness
  for (const Outcome& outcome : run.outcomes)
    rows.emplace_back(length_gap(outcome, run.info.benchmark.is_pairs()), chosen_correctness(outcome));
  const bool none = std::ranges::all_of(rows, [](const auto& row) { return row.first == 0; });
  return none ? std::vector<AccuracyBin>() : accuracy_by(std::move(rows));
}

std::vector<CurvePoint> best_of_n_curve(const std::vector<Outcome>& outcomes) {
  if (!scored(outcomes)) return {};
  size_t most = 0;
  for (const Outcome& outcome : outcomes) most = std::max(most, outcome.scores.size());
  std::vector<CurvePoint> curve(most);
  for (size_t n = 1; n <= most; ++n) curve[n - 1].n = n;
  for (const Outcome& outcome : outcomes) {
    const std::vector<double> by_score = correctness_by_score(outcome);
    std::vector<double> by_correctness = outcome.correctness;
    std::sort(by_correctness.rbegin(), by_correctness.rend());
    for (CurvePoint& point : curve) {
      point.chosen += expected_first(by_score, point.n) / static_cast<double>(outcomes.size());
      point.best += expected_first(by_correctness, point.n) / static_cast<double>(outcomes.size());
    }
  }
  return curve;
}

}  // namespace vlrm
