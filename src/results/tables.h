// Summaries of runs as tables: rows are runs, columns the groups of a benchmark, as in the paper (arXiv 2502.13487).
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "results/comparison.h"
#include "results/grid.h"
#include "results/summary.h"

namespace vlrm {

struct TableOptions {
  Layout layout = Layout::text;
  int digits = 1;                         // after the point, of percentages
  bool intervals = true;                  // beside them; of one digit
  std::vector<std::string> metrics = {};  // only the columns (of comparisons, rows) of these; all where none is named
  std::string choosing = {};              // how to choose on other rows, as a sentence behind the note on selected runs
  bool shows(const std::string& metric) const {
    return metrics.empty() || std::find(metrics.begin(), metrics.end(), metric) != metrics.end();
  }
};

// The runs of each benchmark, in the order in which the benchmarks come; none is empty.
std::vector<std::vector<const RunSummary*>> by_benchmark(const std::vector<RunSummary>& runs);

// The runs' labels; those that share one are told apart by their paths.
std::vector<std::string> distinct_labels(const std::vector<const RunSummary*>& runs);

// A table a benchmark, in the order in which the benchmarks come. The best of several complete runs of as many samples
// is marked in each column that depends on the model; equals are all best. An unfinished run is marked with †, one
// that the same rows selected with ‡; what has no samples is n/a.
std::vector<Grid> benchmark_tables(const std::vector<RunSummary>& runs, const TableOptions& options);

// The paper's one table: a row a label, all of VL-RewardBench's columns and the others' accuracy. Throws Error where
// two runs have benchmark and label in common.
Grid joint_table(const std::vector<RunSummary>& runs, const TableOptions& options);

Grid comparison_table(const Comparison& comparison, const TableOptions& options);

// What a terminal is told of one run beyond its figures: ties, scores, margins, calibration,
// length gap, curve. LaTeX has no chart of margins.
std::vector<Grid> detail_tables(const RunSummary& run, const TableOptions& options);

// A line a run and metric, unrounded, under a heading: benchmark, label, path, complete, metric, count, percent, low,
// high.
std::string csv_of(const std::vector<RunSummary>& runs);

}  // namespace vlrm
