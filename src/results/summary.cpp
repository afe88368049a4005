#include "results/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "results/metrics.h"

namespace vlrm {
namespace {

std::optional<Interval> in_percent(std::optional<Interval> interval) {
  if (interval) *interval = {interval->low * 100, interval->high * 100};
  return interval;
}

Metric metric(std::string name, const Share& share, const std::vector<double>& values) {
  return {std::move(name), share.count, percent(share.fraction()), in_percent(bootstrap_interval({values})), {}, true};
}

Metric proportion(std::string name, const Share& share, const std::vector<double>& values) {
  Metric made = metric(std::move(name), share, values);
  made.wilson = in_percent(wilson_interval(static_cast<int64_t>(share.correct), share.count));
  return made;
}

std::vector<Metric> vl_rewardbench_metrics(const std::vector<Outcome>& outcomes) {
  const VlRewardBenchSummary summary = summarize_vl_rewardbench(outcomes);
  std::array<std::vector<double>, 3> groups;
  std::vector<double> all;
  for (const Outcome& outcome : outcomes) {
    groups[static_cast<size_t>(group_of(outcome.id))].push_back(chosen_correctness(outcome));
    all.push_back(chosen_correctness(outcome));
  }
  std::vector<Metric> metrics;
  for (size_t i = 0; i < groups.size(); ++i)
    metrics.push_back(proportion(std::string(kGroupNames[i]), summary.groups[i], groups[i]));
  metrics.push_back(proportion("Overall", summary.overall, all));
  metrics.push_back({"Macro",
                     summary.overall.count,
                     percent(summary.macro()),
                     in_percent(bootstrap_interval({groups.begin(), groups.end()})),
                     {},
                     true});
  return metrics;
}

std::vector<Metric> pair_metrics(const std::vector<Outcome>& outcomes) {
  std::vector<double> all;
  for (const Outcome& outcome : outcomes) all.push_back(chosen_correctness(outcome));
  const Share share = summarize_pairs(outcomes);
  std::vector<Metric> metrics{proportion("Accuracy", share, all)};
  metrics[0].percent = percent_of_pairs(share);
  return metrics;
}

std::vector<Metric> best_of_n_metrics(const std::vector<Outcome>& outcomes) {
  const BestOfNSummary summary = summarize_best_of_n(outcomes);
  std::vector<double> chosen, first, best, random;
  for (const Outcome& outcome : outcomes) {
    if (!outcome.scores.empty()) chosen.push_back(chosen_correctness(outcome));
    first.push_back(outcome.correctness.front());
    best.push_back(*std::max_element(outcome.correctness.begin(), outcome.correctness.end()));
    random.push_back(mean_correctness(outcome));
  }
  const std::string most = summary.fewest == summary.most && summary.most > 0 ? fmt::format("{}", summary.most) : "N";
  std::vector<Metric> metrics{metric("Overall", summary.chosen, chosen), metric("Pass@1", summary.pass_1, first),
                              metric("Pass@" + most, summary.pass_n, best), metric("Random", summary.random, random),
                              metric("Drawn", summary.random_drawn, {})};
  for (size_t i = 1; i < metrics.size(); ++i) metrics[i].of_model = false;
  return metrics;
}

std::vector<Metric> metrics_of(const RunResults& run) {
  switch (run.info.task) {
    case Task::vl_rewardbench:
      return vl_rewardbench_metrics(run.outcomes);
    case Task::rlaif_v:
      return pair_metrics(run.outcomes);
    default:
      return best_of_n_metrics(run.outcomes);
  }
}

int64_t rows_not_finite(const std::vector<Outcome>& outcomes) {
  return std::ranges::count_if(outcomes, [](const Outcome& outcome) {
    return !std::ranges::all_of(outcome.scores, [](double score) { return std::isfinite(score); });
  });
}

}  // namespace

RunSummary summarize(const RunResults& run) {
  RunSummary summary{run.path,
                     run.info,
                     static_cast<int64_t>(run.outcomes.size()),
                     run.complete(),
                     rows_not_finite(run.outcomes),
                     metrics_of(run),
                     run.equal_scores,
                     ties(run.outcomes),
                     score_distributions(run.outcomes),
                     accuracy_by_length_gap(run),
                     {}};
  if (run.info.task == Task::best_of_n) summary.curve = best_of_n_curve(run.outcomes);
  return summary;
}

std::string benchmark_name(const RunInfo& info) {
  if (info.task == Task::vl_rewardbench) return "VL-RewardBench";
  if (info.task == Task::rlaif_v) return "RLAIF-V";
  if (info.subtask == "textvqa_val") return "TextVQA";
  if (info.subtask == "mmmu_pro_standard_cot") return "MMMU-Pro standard";
  if (info.subtask == "mmmu_pro_vision_cot") return "MMMU-Pro vision";
  return info.subtask.empty() ? "Best of N" : info.subtask;
}

}  // namespace vlrm
