// What a wrong command line gets: one line that names what is wrong and where to read on.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace vlrm {

// The line for what CLI11 threw at the parsing of `program`: the unknown command or option with the nearest one there
// is, or what else is wrong, and the --help that tells.
std::string usage_error(const CLI::App& program, const CLI::ParseError& error);

// "there is no command scroe; did you mean score?", of those of the program, or of `eval`.
std::string unknown_command(const CLI::App& command, const std::string& word);
// "; did you mean --weight?", or nothing where none of the command's options is near.
std::string unknown_option_hint(const CLI::App& command, const std::string& name);
// The group of options that work, but have another name now: nobody is shown them.
constexpr const char* kOldNames = "Old names";
bool is_shown(const CLI::Option& option);
std::vector<const CLI::App*> subcommands_of(const CLI::App& command);
std::string command_path(const CLI::App& command);  // "vlrm eval vl-rewardbench"
// The last command that was parsed; the program, where there is none.
const CLI::App& chosen_command(const CLI::App& program);

// Checks for options: CLI::Validator, whose complaint CLI11 puts behind the option's name.
CLI::Validator whole_number(uint64_t least);  // from `least` on
CLI::Validator finite_number();
CLI::Validator not_empty();
CLI::Validator one_of(const std::vector<std::string>& choices);
CLI::Validator offering(const std::vector<std::string>& choices);  // checks nothing: others may be good too

// What one_of() or offering() says that an option's values are; nothing for others.
std::vector<std::string> choices_of(const CLI::Option& option);

}  // namespace vlrm
