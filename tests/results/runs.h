// Runs made by hand.
#pragma once

#include "results/result_folder.h"

namespace vlrm::testing {

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

inline RunResults run_of(Task task, const std::string& label, std::vector<Outcome> outcomes) {
  RunResults run;
  run.path = "results/" + label;
  run.info.task = task;
  run.info.label = label;
  run.outcomes = std::move(outcomes);
  return run;
}

}  // namespace vlrm::testing
