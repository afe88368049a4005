#include "cli/usage_errors.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <functional>
#include <optional>
#include <system_error>

#include "base/error.h"
#include "base/joined.h"
#include "base/nearest.h"

namespace vlrm {
namespace {

const std::string kChoices = "one of ";  // begins the name of a validator that has them

template <class T>
std::optional<T> parse_number(const std::string& text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end ? std::optional(value) : std::nullopt;
}

CLI::Validator check(const std::function<std::string(const std::string&)>& complaint) {
  return {[complaint](std::string& text) { return complaint(text); }, ""};
}

// "eval vl-rewardbench"; of the program, "".
std::string words_of(const CLI::App& command) {
  const std::string path = command_path(command);
  return path.substr(std::min(path.size(), std::string_view("vlrm ").size()));
}

// "; did you mean --weight?", or nothing where none of `known` is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  const auto near = near_name(word, std::vector<std::string_view>(known.begin(), known.end()));
  return near ? fmt::format("; did you mean {}?", *near) : "";
}

// Those that --help shows, of a command and of all above it.
std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent())
    for (const CLI::Option* option : app->get_options())
      if (is_shown(*option))
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

std::vector<std::string> command_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* each : subcommands_of(command)) names.push_back(each->get_name());
  return names;
}

// What is wrong with the first word that nobody took.
std::string unknown_word(const CLI::App& program, const std::vector<std::string>& words) {
  const CLI::App& command = chosen_command(program);
  if (!subcommands_of(command).empty() && !words.front().starts_with("-"))
    return unknown_command(command, words.front());
  const auto option = std::ranges::find_if(words, [](const std::string& word) { return word.starts_with("-"); });
  const std::string path = words_of(command);
  const std::string where = path.empty() ? "" : path + ": ";
  if (option == words.end())
    return fmt::format("{}takes no further argument, here {}", where, printable(words.front()));
  const std::string name = option->substr(0, option->find('='));
  return fmt::format("{}there is no option {}{}", where, printable(name), unknown_option_hint(command, name));
}

std::string unreadable_options(const std::string& file) {
  std::error_code error;
  const bool folder = std::filesystem::is_directory(file, error);
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  const std::string why = std::generic_category().message(folder ? EISDIR : errno);
  if (descriptor >= 0) ::close(descriptor);
  return fmt::format("--options: {}: cannot be read: {}", printable(file), why);
}

// CLI11's own words, but for those that say little.
std::string in_our_words(const CLI::App& program, const CLI::ParseError& error) {
  std::string text = error.what();
  const CLI::App& command = chosen_command(program);
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && !subcommands_of(command).empty())
    return &command == &program ? "a command is missing" : words_of(command) + ": what to run is missing";
  if (dynamic_cast<const CLI::FileError*>(&error) != nullptr)
    return unreadable_options(text.substr(0, text.find(" was not readable")));
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr)
    return text.substr(0, text.find(':')) +
           (text.find("At Most") == std::string::npos ? ": needs a value" : ": may be given once only");
  if (const auto at = text.find(" excludes "); at != std::string::npos) text.replace(at, 10, " does not go with ");
  if (const auto at = text.find(" requires "); at != std::string::npos) text.replace(at, 10, " goes only with ");
  return text;
}

}  // namespace

bool is_shown(const CLI::Option& option) {
  return !option.get_group().empty() && option.get_group() != kOldNames;
}

std::vector<const CLI::App*> subcommands_of(const CLI::App& command) {
  return command.get_subcommands([](const CLI::App*) { return true; });
}

std::string unknown_command(const CLI::App& command, const std::string& word) {
  if (word == "push" || word == "search")
    return fmt::format("{} is a command of the Python package: pip install it, and see docs/{}.md", word,
                       word == "push" ? "hub" : word);
  const char* what = command.get_parent() == nullptr ? "command" : "benchmark";
  return fmt::format("there is no {} {}{}", what, printable(word), did_you_mean(word, command_names(command)));
}

std::string unknown_option_hint(const CLI::App& command, const std::string& name) {
  return did_you_mean(name, option_names(command));
}

std::string command_path(const CLI::App& command) {
  return command.get_parent() == nullptr ? command.get_name()
                                         : command_path(*command.get_parent()) + " " + command.get_name();
}

const CLI::App& chosen_command(const CLI::App& program) {
  const CLI::App* command = &program;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  return *command;
}

std::string usage_error(const CLI::App& program, const CLI::ParseError& error) {
  const std::string help = command_path(chosen_command(program)) + " --help";
  const auto words = program.remaining(true);
  const std::string what = words.empty() ? in_our_words(program, error) : unknown_word(program, words);
  return fmt::format("{} (see {})", what, help);
}

CLI::Validator whole_number(uint64_t least) {
  return check([least](const std::string& text) {
    const auto value = parse_number<uint64_t>(text);
    return value && *value >= least
               ? ""
               : fmt::format("must be a whole number of at least {}, not {}", least, printable(text));
  });
}

CLI::Validator finite_number() {
  return check([](const std::string& text) {
    const auto value = parse_number<double>(text);
    return value && std::isfinite(*value) ? "" : fmt::format("{} is no finite number", printable(text));
  });
}

CLI::Validator offering(const std::vector<std::string>& choices) {
  return check([](const std::string&) { return ""; }).name(kChoices + joined(choices, " "));
}

CLI::Validator one_of(const std::vector<std::string>& choices) {
  CLI::Validator validator = check([choices](const std::string& text) {
    if (std::ranges::find(choices, text) != choices.end()) return std::string();
    return fmt::format("{} is none of {}{}", printable(text), joined(choices), did_you_mean(text, choices));
  });
  return validator.name(kChoices + joined(choices, " "));
}

std::vector<std::string> choices_of(const CLI::Option& option) try {
  for (int i = 0;; ++i) {
    const std::string name = const_cast<CLI::Option&>(option).get_validator(i)->get_name();
    if (name.starts_with(kChoices)) return CLI::detail::split(name.substr(kChoices.size()), ' ');
  }
} catch (const CLI::OptionNotFound&) {  // behind the last one
  return {};
}

CLI::Validator not_empty() {
  return check(
      [](const std::string& text) { return text.empty() ? "is empty; a shell variable that was not set?" : ""; });
}

}  // namespace vlrm
