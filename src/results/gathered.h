// The results that a table or a page of figures is made of.
#pragma once

#include <vlrm/results.h>

#include <optional>
#include <string>
#include <vector>

#include "results/benchmark_kind.h"
#include "results/breakdown.h"
#include "results/comparison.h"
#include "results/comparison_matrix.h"
#include "results/selection.h"
#include "results/summary.h"

namespace vlrm {

struct GatheredResults {
  std::vector<RunSummary> runs;  // those that were named, and their ensembles, in the order that was asked for
  std::optional<Comparison> comparison;
  std::optional<std::vector<ComparisonMatrix>> matrices;  // a benchmark each
  std::optional<std::vector<Breakdown>> breakdowns;       // a benchmark each
  std::optional<std::vector<RecipeChoices>> choices;      // a benchmark of `report_on` each
  bool published = false;                                 // whether figures of others stand beside the runs
};

// What the options ask for. The listener gets a warning for each run with equal scores. Throws what reading throws, and
// OptionError for options that do not go together.
GatheredResults gather_results(const ResultsOptions& options, const BenchmarkKinds& kinds);

// {"runs": […], "comparison": …, "matrix": …, …}, with all digits, and a line end.
std::string json_text(const GatheredResults& results);

}  // namespace vlrm
