// Accuracy by what a column says of the rows.
#pragma once

#include <string>
#include <vector>

#include "results/metrics.h"
#include "results/tables.h"

namespace vlrm {

// Rows are runs, columns values: at most twelve, those of the most rows, in this order; rows of the rest are counted
// together.
struct Breakdown {
  BenchmarkKind benchmark;
  std::string column;
  std::vector<std::string> values;  // whole, however long
  size_t others = 0;                // further values, which share the last tally of each run
  std::vector<std::string> runs, paths;
  std::vector<std::vector<Tally>> tallies;  // of each run: one a value, and, where there are others, one more
};

// Of runs of one benchmark, whose labels are `labels`; `values`: a text for each of a run's rows (see row_values).
// Runs without scores are left out.
Breakdown breakdown(const std::vector<const RunResults*>& runs, const std::vector<std::string>& labels,
                    const std::string& column, const std::vector<std::vector<std::string>>& values);

// {"benchmark", "column", "values", "others", "runs": [{"label", "path", "groups": [{"value", "count", "percent"}]}]};
// the value of the others is null.
OrderedJson breakdown_json(const Breakdown& breakdown);

Grid breakdown_table(const Breakdown& breakdown, const TableOptions& options);

}  // namespace vlrm
