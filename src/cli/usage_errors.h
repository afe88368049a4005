// What a wrong command line gets: one line that names what is wrong and where to read on.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

namespace vlrm {

// The line for what CLI11 threw at the parsing of `program`: the unknown command or option with the nearest one there
// is, or what else is wrong, and the --help that tells.
std::string usage_error(const CLI::App& program, const CLI::ParseError& error);

// Checks for options: CLI::Validator, whose complaint CLI11 puts behind the option's name.
CLI::Validator whole_number(uint64_t least);  // from `least` on
CLI::Validator finite_number();
CLI::Validator not_empty();

}  // namespace vlrm
