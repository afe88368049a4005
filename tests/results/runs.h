// Runs made by hand.
#pragma once

#include "results/result_folder.h"
#include "tasks/benchmark_table.h"
#include "tasks/benchmarks/benchmarks.h"

namespace vlrm::testing {

inline const BenchmarkKind& kVlRewardBench = vl_rewardbench_benchmark.kind;
inline const BenchmarkKind& kRlaifV = rlaif_v_benchmark.kind;
inline const BenchmarkKind& kTextVqa = textvqa_val_benchmark.kind;

inline Outcome outcome(std::vector<double> correctness, std::vector<double> scores, const std::string& id = "a") {
  const size_t chosen = scores.empty() ? 0 : first_largest(scores);
  std::vector<int64_t> lengths;
  for (size_t i = 0; i < correctness.size(); ++i) lengths.push_back(static_cast<int64_t>(10 * (i + 1)));
  return {id, std::move(correctness), std::move(scores), chosen, std::move(lengths)};
}

// A pair whose first response is preferred, with `margin` between the scores.
inline Outcome pair(const std::string& id, double margin) {
  return outcome({1, 0}, {margin, 0}, id);
}

inline RunResults run_of(const BenchmarkKind& kind, const std::string& label, std::vector<Outcome> outcomes) {
  RunResults run;
  run.path = "results/" + label;
  run.info.benchmark = kind;
  run.info.label = label;
  run.outcomes = std::move(outcomes);
  if (kind.group_of_id != nullptr)
    for (Outcome& row : run.outcomes) row.group = kind.group_of_id(row.id);
  return run;
}

}  // namespace vlrm::testing
