// --dry-run: what a run would take.
#pragma once

#include <vlrm/costs.h>

#include <CLI/CLI.hpp>
#include <string>

namespace vlrm {

void declare_dry_run(CLI::App& command, bool& dry_run);

// "less than 1 s", "12 min".
std::string time_text(double seconds);

void print_costs(const Costs& costs);

}  // namespace vlrm
