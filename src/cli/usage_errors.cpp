#include "cli/usage_errors.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <optional>

#include "base/error.h"
#include "base/nearest.h"

namespace vlrm {
namespace {

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

const CLI::App& chosen_command(const CLI::App& program) {
  const auto commands = program.get_subcommands();
  return commands.empty() ? program : *commands.front();
}

// "; did you mean --weight?", or nothing where none of `known` is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  const auto near = near_name(word, std::vector<std::string_view>(known.begin(), known.end()));
  return near ? fmt::format("; did you mean {}?", *near) : "";
}

std::vector<std::string> option_names(const CLI::App& command, const CLI::App& program) {
  std::vector<std::string> names;
  for (const CLI::App* app : {&command, &program})
    for (const CLI::Option* option : app->get_options())
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

std::vector<std::string> command_names(const CLI::App& program) {
  std::vector<std::string> names;
  for (const CLI::App* command : program.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return names;
}

// What is wrong with the first word that nobody took.
std::string unknown_word(const CLI::App& program, const std::vector<std::string>& words) {
  const CLI::App& command = chosen_command(program);
  const auto option = std::ranges::find_if(words, [](const std::string& word) { return word.starts_with("-"); });
  if (&command == &program && !words.front().starts_with("-"))
    return fmt::format("there is no command {}{}", printable(words.front()),
                       did_you_mean(words.front(), command_names(program)));
  if (option == words.end())
    return fmt::format("{}: takes no further argument, here {}", command.get_name(), printable(words.front()));
  const std::string name = option->substr(0, option->find('='));
  return fmt::format("{}: there is no option {}{}", command.get_name(), printable(name),
                     did_you_mean(name, option_names(command, program)));
}

// CLI11's own words, but for those that say little.
std::string in_our_words(const CLI::App& program, const CLI::ParseError& error) {
  std::string text = error.what();
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && program.get_subcommands().empty())
    return "a command is missing";
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr)
    return text.substr(0, text.find(':')) +
           (text.find("At Most") == std::string::npos ? ": needs a value" : ": may be given once only");
  if (const auto at = text.find(" excludes "); at != std::string::npos) text.replace(at, 10, " does not go with ");
  if (const auto at = text.find(" requires "); at != std::string::npos) text.replace(at, 10, " goes only with ");
  return text;
}

}  // namespace

std::string usage_error(const CLI::App& program, const CLI::ParseError& error) {
  const CLI::App& command = chosen_command(program);
  const std::string help = &command == &program ? "vlrm --help" : "vlrm " + command.get_name() + " --help";
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

CLI::Validator not_empty() {
  return check(
      [](const std::string& text) { return text.empty() ? "is empty; a shell variable that was not set?" : ""; });
}

}  // namespace vlrm
