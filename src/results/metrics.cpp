#include "results/metrics.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "python/random.h"
#include "python/round.h"

namespace vlrm {
namespace {

struct Unit {
  size_t group = 0;
  std::vector<const Outcome*> rows;
};

// In the order in which their first rows come.
std::vector<Unit> units_of(std::span<const Outcome> outcomes, const BenchmarkKind& kind) {
  std::vector<Unit> units;
  std::map<std::pair<size_t, std::string>, size_t> places;
  for (const Outcome& outcome : outcomes) {
    if (outcome.scores.empty() || outcome.tie) continue;
    const std::string name = kind.unit_of_id != nullptr ? kind.unit_of_id(outcome.id) : outcome.id;
    const auto [place, is_new] = places.try_emplace({outcome.group, name}, units.size());
    if (is_new) units.push_back({outcome.group, {}});
    units[place->second].rows.push_back(&outcome);
  }
  return units;
}

}  // namespace

double rounded_score(double score) {
  return python::rounded(score, 5);
}

void Tally::add(double correctness) {
  correct += correctness;
  ++count;
}

std::optional<double> Tally::fraction() const {
  if (count == 0) return std::nullopt;
  return correct / static_cast<double>(count);
}

std::optional<double> ChoiceSummary::macro() const {
  if (groups.empty()) return std::nullopt;
  double sum = 0;
  for (auto group = groups.rbegin(); group != groups.rend(); ++group) {
    const auto fraction = group->fraction();
    if (!fraction) return std::nullopt;
    sum += *fraction;
  }
  return sum / static_cast<double>(groups.size());
}

double chosen_correctness(const Outcome& outcome) {
  return outcome.correctness[outcome.chosen];
}

double mean_correctness(const Outcome& outcome) {
  const auto& all = outcome.correctness;
  return std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size());
}

ChoiceSummary summarize_choices(const std::vector<Outcome>& outcomes, size_t groups) {
  ChoiceSummary summary{std::vector<Tally>(groups), {}};
  for (const Outcome& outcome : outcomes) {
    if (outcome.scores.empty() || outcome.tie) continue;
    if (groups > 0) summary.groups[outcome.group].add(chosen_correctness(outcome));
    summary.overall.add(chosen_correctness(outcome));
  }
  return summary;
}

std::vector<std::vector<double>> values_by_group(std::span<const Outcome> outcomes, const BenchmarkKind& kind) {
  std::vector<std::vector<double>> values(std::max<size_t>(1, kind.groups.size()));
  if (kind.unit_value != nullptr) {
    for (const Unit& unit : units_of(outcomes, kind))
      if (const auto value = kind.unit_value(unit.group, unit.rows)) values[unit.group].push_back(*value);
    return values;
  }
  for (const Outcome& outcome : outcomes)
    if (!outcome.scores.empty() && !outcome.tie)
      values[kind.groups.empty() ? 0 : outcome.group].push_back(chosen_correctness(outcome));
  return values;
}

std::vector<double> all_right_values(std::span<const Outcome> outcomes, const BenchmarkKind& kind) {
  std::vector<double> values;
  const auto right = [](const Outcome* outcome) { return chosen_correctness(*outcome) == 1; };
  for (const Unit& unit : units_of(outcomes, kind)) values.push_back(std::ranges::all_of(unit.rows, right) ? 1 : 0);
  return values;
}

BestOfNSummary summarize_best_of_n(const std::vector<Outcome>& outcomes) {
  BestOfNSummary summary;
  PythonRandom draw(0);
  for (const Outcome& outcome : outcomes) {
    const auto& all = outcome.correctness;
    summary.pass_1.add(all.front());
    summary.pass_n.add(*std::max_element(all.begin(), all.end()));
    summary.random_drawn.add(all[draw.below(all.size())]);
    summary.random.add(mean_correctness(outcome));
  }
  return summary;
}

std::optional<double> percent(const std::optional<double>& fraction) {
  if (!fraction) return std::nullopt;
  return *fraction * 100;
}

std::optional<double> accuracy_percent(const Tally& tally) {
  if (tally.count == 0) return std::nullopt;
  return tally.correct * 100 / static_cast<double>(tally.count);
}

}  // namespace vlrm
