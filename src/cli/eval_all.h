// vlrm eval all: one model on every benchmark whose data is there.
#pragma once

#include <CLI/CLI.hpp>

namespace vlrm {

void add_eval_all(CLI::App& eval);

}  // namespace vlrm
