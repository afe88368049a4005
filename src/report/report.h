// A page about evaluations: tables, charts and the samples behind them.
#pragma once

#include <vlrm/report.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tasks/benchmark_table.h"

namespace vlrm {

struct Report {
  std::string page;                // HTML
  std::vector<std::string> notes;  // what a person should know of what is missing
};

// `results` as expand_results takes them, of `benchmarks`. The same inputs give the same bytes. Throws Error for what
// is malformed, for a dataset of `options` that cannot be read, and where the page cannot be so small.
Report make_report(const std::vector<std::string>& results, const ReportOptions& options,
                   const Benchmarks& benchmarks = all_benchmarks());

}  // namespace vlrm
