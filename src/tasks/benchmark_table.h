// The table of benchmarks, from which commands, results and reports take what there is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tasks/benchmark_spec.h"

namespace vlrm {

using Benchmarks = std::vector<const BenchmarkSpec*>;

const Benchmarks& all_benchmarks();
Benchmarks benchmarks_with_responses();  // in their dataset
Benchmarks benchmarks_to_answer();       // the others, whose responses stand in a file

// The one of this name, in either spelling; nothing where there is none.
const BenchmarkSpec* find_benchmark(const Benchmarks& benchmarks, std::string_view name);

// What results of these may be of: the benchmarks, and best of N for a file of responses to an unknown one.
BenchmarkKinds kinds_of(const Benchmarks& benchmarks);
const BenchmarkKinds& all_kinds();

}  // namespace vlrm
