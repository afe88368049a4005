// Tables on standard output.
#pragma once

#include <vector>

#include "results/grid.h"

namespace vlrm {

// One after another, a blank line between them, as wide as the terminal.
void print_tables(const std::vector<Grid>& tables, Layout layout);

}  // namespace vlrm
