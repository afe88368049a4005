// In which order runs come, and which of them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "results/summary.h"

namespace vlrm {

// The metric that runs are ranked by: that of all rows. Null where the benchmark has none.
const Metric* ranked_metric(const RunSummary& run);

// The indices of the runs to show, benchmark by benchmark. `sort`: by this column, the highest first, or by "label";
// empty: as they are. `top`: of each benchmark, only so many of the highest in the column, or, where none is named, by
// their ranked metric and in its order; 0: all. Unfinished runs, and runs without the figure, come behind the others.
// Throws OptionError where no run has the column.
std::vector<size_t> run_order(const std::vector<RunSummary>& runs, const std::string& sort, size_t top);

}  // namespace vlrm
