// --options FILE: options of the command in YAML, by their long names.
#pragma once

#include <CLI/CLI.hpp>

namespace vlrm {

// Declares it on the program. An option that stands on the command line too, or that does not go with one there, is
// left as the command line has it.
void declare_options_file(CLI::App& program);

}  // namespace vlrm
