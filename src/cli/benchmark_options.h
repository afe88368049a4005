// --task and --responses, with the benchmarks that the table has.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "tasks/benchmark.h"
#include "tasks/benchmark_table.h"

namespace vlrm {

// "vl-rewardbench, rlaif-v"
std::string names_of(const Benchmarks& benchmarks);
// The name with underscores, which is accepted as well.
std::string with_underscores(std::string name);

// --task with a name of `choices`, in either spelling; required. `chosen` must outlive the command.
void declare_task(CLI::App& command, const BenchmarkSpec*& chosen, const Benchmarks& choices, const std::string& what);

// --task and --responses of a command to which either kind of benchmark may be given.
struct BenchmarkFlags {
  const BenchmarkSpec* task = nullptr;
  std::string responses;

  // Throws Error naming the command where --responses is missing, or does not go with the task.
  std::unique_ptr<Benchmark> open(const std::string& command, const DatasetName& data, ResponsesFile holds) const;
};

}  // namespace vlrm
