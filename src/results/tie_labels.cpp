#include "results/tie_labels.h"

#include <algorithm>
#include <cmath>

#include "results/metrics.h"

namespace vlrm {
namespace {

double score_gap(const Outcome& outcome) {
  return rounded_score(std::abs(outcome.scores[0] - outcome.scores[1]));
}

}  // namespace

std::vector<double> values_with_ties(std::span<const Outcome> outcomes, double threshold) {
  std::vector<double> values;
  for (const Outcome& outcome : outcomes) {
    if (outcome.scores.size() != 2) continue;
    const bool says_tie = score_gap(outcome) <= threshold;
    const bool right = says_tie ? outcome.tie : !outcome.tie && chosen_correctness(outcome) == 1;
    values.push_back(right ? 1 : 0);
  }
  return values;
}

double calibrated_threshold(std::span<const Outcome> outcomes) {
  // Gaps in their order: a threshold at one makes all up to it ties, which is right for those labelled so and wrong for
  // those that were right before.
  std::vector<std::pair<double, int>> changes;
  for (const Outcome& outcome : outcomes) {
    if (outcome.scores.size() != 2 || !std::isfinite(score_gap(outcome))) continue;
    changes.emplace_back(score_gap(outcome), outcome.tie ? 1 : chosen_correctness(outcome) == 1 ? -1 : 0);
  }
  std::ranges::sort(changes);
  int64_t gained = 0, most = 0;
  double best = 0;
  for (size_t i = 0; i < changes.size(); ++i) {
    // Equal scores are ties at any threshold.
    if (changes[i].first > 0) gained += changes[i].second;
    const bool last_of_equals = i + 1 == changes.size() || changes[i + 1].first != changes[i].first;
    if (!last_of_equals || gained <= most) continue;
    most = gained;
    best = changes[i].first;
  }
  return best;
}

}  // namespace vlrm
