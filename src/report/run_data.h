// The dataset that a run was scored on, opened again.
#pragma once

#include <memory>
#include <string>

#include "results/result_folder.h"
#include "tasks/benchmark.h"
#include "tasks/benchmark_table.h"

namespace vlrm {

// With the dataset `data`, or, where that is empty, the one that run.json names; of a limited run its first rows.
// Nothing where neither is known, or the run is of none of `benchmarks`. Throws Error if it cannot be opened.
std::unique_ptr<const Benchmark> open_benchmark_of(const RunResults& run, const std::string& data,
                                                   const Benchmarks& benchmarks);

}  // namespace vlrm
