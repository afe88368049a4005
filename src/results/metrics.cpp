#include "results/metrics.h"

#include <algorithm>
#include <numeric>

#include "python/random.h"
#include "python/round.h"

namespace vlrm {
namespace {

bool holds_one_of(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::any_of(parts.begin(), parts.end(), [&](auto part) { return text.find(part) != text.npos; });
}

}  // namespace

double rounded_score(double score) {
  return python::rounded(score, 5);
}

void Share::add(double correctness) {
  correct += correctness;
  ++count;
}

std::optional<double> Share::fraction() const {
  if (count == 0) return std::nullopt;
  return correct / static_cast<double>(count);
}

Group group_of(std::string_view id) {
  if (holds_one_of(id, {"mmmu_pro", "mathverse"})) return Group::reasoning;
  if (holds_one_of(id, {"hallucination_pair", "RLAIF-V", "RLHF-V"})) return Group::hallucination;
  return Group::general;
}

std::optional<double> VlRewardBenchSummary::macro() const {
  double sum = 0;
  for (const Group group : {Group::reasoning, Group::hallucination, Group::general}) {  // the reference's order
    const auto fraction = groups[static_cast<size_t>(group)].fraction();
    if (!fraction) return std::nullopt;
    sum += *fraction;
  }
  return sum / 3;
}

double chosen_correctness(const Outcome& outcome) {
  return outcome.correctness[outcome.chosen];
}

double mean_correctness(const Outcome& outcome) {
  const auto& all = outcome.correctness;
  return std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size());
}

VlRewardBenchSummary summarize_vl_rewardbench(const std::vector<Outcome>& outcomes) {
  VlRewardBenchSummary summary;
  for (const Outcome& outcome : outcomes) {
    summary.groups[static_cast<size_t>(group_of(outcome.id))].add(chosen_correctness(outcome));
    summary.overall.add(chosen_correctness(outcome));
  }
  return summary;
}

Share summarize_pairs(const std::vector<Outcome>& outcomes) {
  Share share;
  for (const Outcome& outcome : outcomes) share.add(chosen_correctness(outcome));
  return share;
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
    if (!outcome.scores.empty()) summary.chosen.add(chosen_correctness(outcome));
    summary.fewest = summary.pass_1.count == 1 ? all.size() : std::min(summary.fewest, all.size());
    summary.most = std::max(summary.most, all.size());
  }
  return summary;
}

std::optional<double> percent(const std::optional<double>& fraction) {
  if (!fraction) return std::nullopt;
  return *fraction * 100;
}

std::optional<double> percent_of_pairs(const Share& share) {
  if (share.count == 0) return std::nullopt;
  return share.correct * 100 / static_cast<double>(share.count);
}

}  // namespace vlrm
