// The benchmark that options name.
#pragma once

#include <vlrm/evaluate.h>

#include <memory>

#include "eval/evaluation.h"
#include "tasks/benchmark.h"

namespace vlrm {

// Opened, and limited to the rows that are asked for. The listener gets what a user should know of its rows. Throws
// OptionError for options that do not go together, and what opening throws.
std::shared_ptr<const Benchmark> benchmark_of(const EvaluateOptions& options, EvaluationMode mode);

}  // namespace vlrm
