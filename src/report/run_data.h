// The dataset that a run was scored on, opened again.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "results/result_folder.h"
#include "tasks/benchmark.h"
#include "tasks/benchmark_table.h"

namespace vlrm {

// The dataset `data`, or, where that is empty, the one that run.json names, with config and split as they were. Nothing
// where neither is known.
std::optional<DatasetName> name_of_data(const RunResults& run, const std::string& data);

// What the run is of: one of `benchmarks`, or a dataset of the user's own; else null.
SharedSpec spec_of(const RunResults& run, const Benchmarks& benchmarks);

// With that dataset, or as many of its first rows as a limited run had. Nothing where none is known, or the run is of
// none of `benchmarks` and not of a dataset of the user's own. Throws Error if it cannot be opened.
std::unique_ptr<const Benchmark> open_benchmark_of(const RunResults& run, const std::string& data,
                                                   const Benchmarks& benchmarks);

}  // namespace vlrm
