// --task, with the benchmarks that the table has.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tasks/benchmark_table.h"

namespace vlrm {

// "vl-rewardbench, rlaif-v"
std::string names_of(const Benchmarks& benchmarks);
// The values of "NAME=VALUE", by name. `refuse` throws for a text that is not of this form, and for one whose name has
// come before.
std::map<std::string, std::string> values_by_name(
    const std::vector<std::string>& texts, const std::function<void(const std::string& text, bool has_name)>& refuse);

// The name with underscores, which is accepted as well.
std::string with_underscores(std::string name);

// --task with a name of `choices`, in either spelling. `chosen` gets the first one, and must outlive the
// command.
CLI::Option* declare_task(CLI::App& command, std::string& chosen, const Benchmarks& choices, const std::string& what);
// The same, or the file of a task of the user's own.
CLI::Option* declare_task_or_file(CLI::App& command, std::string& chosen, const Benchmarks& choices,
                                  const std::string& what);

}  // namespace vlrm
