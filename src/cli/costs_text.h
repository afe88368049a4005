// --dry-run: what a run would take.
#pragma once

#include <vlrm/costs.h>

#include <CLI/CLI.hpp>

namespace vlrm {

void declare_dry_run(CLI::App& command, bool& dry_run);

void print_costs(const Costs& costs);

}  // namespace vlrm
