// --task, with the benchmarks that the table has.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "tasks/benchmark_table.h"

namespace vlrm {

// "vl-rewardbench, rlaif-v"
std::string names_of(const Benchmarks& benchmarks);
// The name with underscores, which is accepted as well.
std::string with_underscores(std::string name);

// --task with a name of `choices`, in either spelling. `chosen` gets the first one, and must outlive the
// command.
CLI::Option* declare_task(CLI::App& command, std::string& chosen, const Benchmarks& choices, const std::string& what);
// The same, or the file of a task of the user's own.
CLI::Option* declare_task_or_file(CLI::App& command, std::string& chosen, const Benchmarks& choices,
                                  const std::string& what);

}  // namespace vlrm
