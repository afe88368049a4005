// Accuracy over the settings of a merge, for runs that were merged on load.
#pragma once

#include <vector>

#include "base/json.h"
#include "results/summary.h"

namespace vlrm {

// A chart a method that has at least two runs: {"method", "points": [{"run", "weight", "density"}, …]}. `run` is the
// place in `runs`; `weight` the reward model's ratio (linear) or the weight that both models share. linear and
// task_arithmetic have no density, the other methods have one.
OrderedJson sweeps_json(const std::vector<const RunSummary*>& runs);

}  // namespace vlrm
