// Benchmarks by their names.
#pragma once

#include <string>

#include "tasks/benchmark_table.h"

namespace vlrm {

// The one of `choices` that has this name, in either spelling. Throws OptionError for `option`, naming the choices.
const BenchmarkSpec& benchmark_or_throw(const std::string& option, const std::string& name, const Benchmarks& choices);

}  // namespace vlrm
