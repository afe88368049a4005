// A page about evaluations: tables, charts and the samples behind them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tasks/benchmark_table.h"

namespace vlrm {

struct ReportOptions {
  std::string title = "Evaluation report";
  std::map<std::string, std::string, NameLess> data;  // datasets by the benchmark's name; "": of the only benchmark
  int64_t samples = 10'000;                           // of each benchmark, in the gallery
  int64_t thumbnail = 256;                            // pixels of the longest side
  int64_t bytes = 100'000'000;                        // the page stays below
  Benchmarks benchmarks = all_benchmarks();           // that results may be of
};

struct Report {
  std::string page;                // HTML
  std::vector<std::string> notes;  // what a person should know of what is missing
};

// `results` as expand_results takes them. The same inputs give the same bytes. Throws Error for what is malformed, for
// a dataset of `options` that cannot be read, and where the page cannot be so small.
Report make_report(const std::vector<std::string>& results, const ReportOptions& options);

}  // namespace vlrm
