// vlrm help and vlrm version: what --help and --version say, as commands.
#include <fmt/format.h>

#include <memory>

#include "base/error.h"
#include "base/joined.h"
#include "base/version.h"
#include "cli/commands.h"
#include "cli/usage_errors.h"

namespace vlrm {
namespace {

const CLI::App& command_or_throw(const CLI::App& program, const std::vector<std::string>& words) {
  const CLI::App* command = &program;
  for (const std::string& word : words) {
    const CLI::App* found = nullptr;
    for (const CLI::App* each : subcommands_of(*command))
      if (each->check_name(word)) found = each;
    if (found == nullptr && subcommands_of(*command).empty())
      fail("help: there is no command {}", printable(joined(words, " ")));
    if (found == nullptr) fail("help: {} (see {} --help)", unknown_command(*command, word), command_path(*command));
    command = found;
  }
  return *command;
}

}  // namespace

void add_help_command(CLI::App& program) {
  CLI::App* help = program.add_subcommand("help", "Say what a command does, and its options");
  const auto words = std::make_shared<std::vector<std::string>>();
  help->add_option("COMMAND", *words, "A command, and a benchmark of eval");
  help->footer("Examples:\n  vlrm help score\n  vlrm help eval vl-rewardbench");
  help->callback([&program, words] {
    const CLI::App& command = command_or_throw(program, *words);
    fmt::print("{}", command.get_formatter()->make_help(&command, command_path(command), CLI::AppFormatMode::Normal));
  });
}

void add_version_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("version", "Say the version");
  command->footer("Example:\n  vlrm version");
  command->callback([] { fmt::print("vlrm {}\n", version()); });
}

}  // namespace vlrm
