// The results that a table or a page of figures is made of.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "results/benchmark_kind.h"
#include "results/comparison.h"
#include "results/summary.h"

namespace vlrm {

struct GatheredResults {
  std::vector<RunSummary> runs;  // those that were named, and behind them their ensembles
  std::optional<Comparison> comparison;
};

// Of the runs in `paths` (see expand_results), of their ensembles by the methods that are named (mean, min), and of the
// two runs to compare, if any. `grouping`: another published one than run.json's, of the benchmarks that have several.
// The listener gets a warning for each run with equal scores. Throws what reading throws.
GatheredResults gather_results(const std::vector<std::string>& paths, const std::vector<std::string>& ensembles,
                               const std::vector<std::string>& two, const BenchmarkKinds& kinds,
                               const std::string& grouping = "");

// {"runs": […], "comparison": …}, with all digits, and a line end.
std::string json_text(const GatheredResults& results);

}  // namespace vlrm
