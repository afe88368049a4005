// vlrm completion: a script by which a shell completes commands, options and their values.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/joined.h"
#include "cli/commands.h"
#include "cli/usage_errors.h"

namespace vlrm {
namespace {

// `help` is not a part of the chain, so that what follows it is completed as a command. The names are none that zsh
// gives a meaning, such as path.
constexpr const char* kBeginning =
    R"(# Completion of vlrm's commands, options and values, made by: vlrm completion SHELL
_vlrm() {
  local IFS=$' \t\n' cur="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"
  local chain="" help="" subcommands="" arguments="" flags="" valued="" choices="" i
  if [ "$cur" = "=" ]; then
    cur=""
  elif [ "$previous" = "=" ]; then
    previous="${COMP_WORDS[COMP_CWORD-2]}"
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$chain ${COMP_WORDS[i]}" in
      " help") help=1 ;;
)";

constexpr const char* kEnd = R"(  esac
  COMPREPLY=()
  [ -n "$help" ] && [ -n "$chain" ] && arguments="" flags="" valued="" choices=""
  if [ -n "$choices" ]; then
    COMPREPLY=($(compgen -W "$choices" -- "$cur"))
  elif [[ " $valued " == *" $previous "* ]]; then
    return 0
  elif [[ "$cur" == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
  elif [ -n "$subcommands$arguments" ]; then
    COMPREPLY=($(compgen -W "$subcommands $arguments" -- "$cur"))
  fi
}
complete -o default -F _vlrm vlrm
)";

// The long names, and the short ones of options without.
std::vector<std::string> words_for(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  return names;
}

// Those of the program go with every command.
std::vector<const CLI::Option*> shown_options(const CLI::App& command) {
  std::vector<const CLI::Option*> all;
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent())
    for (const CLI::Option* option : app->get_options())
      if (is_shown(*option) && (app == &command || option != app->get_help_ptr())) all.push_back(option);
  return all;
}

std::string path_in_script(const CLI::App& command) {
  return command_path(command).substr(std::string_view("vlrm").size());
}

// A line for each command that leads to its path, whatever it is called.
void append_paths(std::string& script, const CLI::App& parent) {
  for (const CLI::App* command : subcommands_of(parent)) {
    if (command->get_name() == "help") continue;
    std::string patterns;
    std::vector<std::string> names = command->get_aliases();
    names.insert(names.begin(), command->get_name());
    for (const std::string& name : names)
      patterns += fmt::format("{}\"{} {}\"", patterns.empty() ? "" : " | ", path_in_script(parent), name);
    script += fmt::format("      {}) chain=\"{}\" ;;\n", patterns, path_in_script(*command));
    append_paths(script, *command);
  }
}

void append_words(std::string& script, const CLI::App& command) {
  std::vector<std::string> commands, arguments, options, values;
  std::string choices;
  for (const CLI::App* each : subcommands_of(command)) commands.push_back(each->get_name());
  for (const CLI::Option* option : shown_options(command)) {
    const std::vector<std::string> names = words_for(*option);
    const std::vector<std::string> chosen = choices_of(*option);
    if (option->get_positional() && names.empty()) arguments.insert(arguments.end(), chosen.begin(), chosen.end());
    if (names.empty()) continue;
    options.insert(options.end(), names.begin(), names.end());
    if (option->get_items_expected_max() > 0) values.insert(values.end(), names.begin(), names.end());
    if (!chosen.empty())
      choices += fmt::format("        {}) choices=\"{}\" ;;\n", joined(names, " | "), joined(chosen, " "));
  }
  script += fmt::format("    \"{}\")\n", path_in_script(command));
  for (const auto& [name, words] : {std::pair("subcommands", &commands), std::pair("arguments", &arguments),
                                    std::pair("flags", &options), std::pair("valued", &values)})
    script += fmt::format("      {}=\"{}\"\n", name, joined(*words, " "));
  if (!choices.empty()) script += "      case \"$previous\" in\n" + choices + "      esac\n";
  script += "      ;;\n";
  for (const CLI::App* each : subcommands_of(command)) append_words(script, *each);
}

std::string bash_script(const CLI::App& program) {
  std::string script = kBeginning;
  append_paths(script, program);
  script += "    esac\n  done\n  case \"$chain\" in\n";
  append_words(script, program);
  return script + kEnd;
}

}  // namespace

void add_completion_command(CLI::App& program) {
  CLI::App* command =
      program.add_subcommand("completion", "Print a script that completes commands and options in a shell");
  const auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "bash or zsh")->required()->check(one_of({"bash", "zsh"}));
  command->footer(
      "To have it in each new shell, put its line in ~/.bashrc or ~/.zshrc:\n"
      "  source <(vlrm completion bash)\n"
      "  source <(vlrm completion zsh)");
  command->callback([&program, shell] {
    const char* start =
        *shell == "zsh" ? "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n" : "";
    fmt::print("{}{}", start, bash_script(program));
  });
}

}  // namespace vlrm
