#include "cli/help_format.h"

#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "base/text_width.h"
#include "cli/terminal_width.h"
#include "cli/usage_errors.h"

namespace vlrm {
namespace {

constexpr size_t kNameColumn = 30, kNarrowest = 20;

// Lines of at most `width`, those after the first indented further; each but the last ends with `end`.
std::string hanging(const std::vector<std::string>& words, size_t width, const std::string& indent,
                    const std::string& more_indent, const std::string& end = "") {
  std::string out, line = indent;
  bool empty = true;
  for (size_t i = 0; i < words.size(); ++i) {
    const size_t end_width = i + 1 < words.size() ? end.size() : 0;
    if (!empty && width_of(line) + 1 + width_of(words[i]) + end_width > width) {
      out += line + end + "\n";
      line = more_indent;
      empty = true;
    }
    line += (empty ? "" : " ") + words[i];
    empty = false;
  }
  return out + line + "\n";
}

// At blanks outside of quotes, so that a command can be broken there.
std::vector<std::string> words_of_command(const std::string& command) {
  std::vector<std::string> words{""};
  char quote = 0;
  for (const char c : command) {
    if (c == quote)
      quote = 0;
    else if (quote == 0 && (c == '"' || c == '\''))
      quote = c;
    if (c != ' ' || quote != 0)
      words.back() += c;
    else if (!words.back().empty())
      words.emplace_back();
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

// An option and its value are not parted where both fit in a line.
std::vector<std::string> with_values(const std::vector<std::string>& words, size_t width) {
  std::vector<std::string> parts;
  bool takes_value = false;
  for (const std::string& word : words) {
    const bool is_option = word.starts_with("-");
    if (takes_value && !is_option && width_of(parts.back()) + 1 + width_of(word) <= width)
      parts.back() += " " + word;
    else
      parts.push_back(word);
    takes_value = is_option;
  }
  return parts;
}

// A paragraph, or a command that is to be copied: those are indented.
std::string laid_out(const std::string& line, size_t width) {
  if (width_of(line) <= width) return line + "\n";
  const size_t indent = line.find_first_not_of(' ');
  if (indent > 0) {
    const std::string more_indent(indent + 4, ' '), end = " \\";
    const size_t room = width - std::min(width, more_indent.size() + end.size());
    return hanging(with_values(words_of_command(line), room), width, line.substr(0, indent), more_indent, end);
  }
  std::string out;
  for (const std::string& part : wrapped(line, width)) out += part + "\n";
  return out;
}

std::string all_laid_out(const std::string& text, size_t width) {
  std::istringstream lines(text);
  std::string out;
  for (std::string line; std::getline(lines, line);) out += laid_out(line, width);
  return out;
}

}  // namespace

HelpFormat::HelpFormat() : width_(std::max(terminal_width(STDOUT_FILENO).value_or(kUsualWidth), kNarrowest)) {
  column_width(std::min(kNameColumn, width_ / 3));
}

std::string HelpFormat::two_columns(const std::string& name, const std::string& description) const {
  const size_t column = get_column_width();
  std::string out = hanging(words_of_command(name), width_, "  ", "      ");
  std::vector<std::string> lines = wrapped(description, width_ - column);
  if (description.empty()) return out;
  const bool beside = width_of(name) + 2 < column;
  if (beside) {
    out.pop_back();
    out += std::string(column - 2 - width_of(name), ' ') + lines.front() + "\n";
    lines.erase(lines.begin());
  }
  for (const std::string& line : lines) out += std::string(column, ' ') + line + "\n";
  return out;
}

// Without the lines that a group which is not shown leaves blank.
std::string HelpFormat::make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const {
  std::string text = CLI::Formatter::make_help(app, std::move(name), mode);
  for (size_t at = text.find("\n\n\n"); at != text.npos; at = text.find("\n\n\n")) text.erase(at, 1);
  return text;
}

std::string HelpFormat::make_group(std::string group, bool is_positional,
                                   std::vector<const CLI::Option*> options) const {
  return group == kOldNames ? "" : CLI::Formatter::make_group(std::move(group), is_positional, std::move(options));
}

std::string HelpFormat::make_option(const CLI::Option* option, bool is_positional) const {
  return two_columns(make_option_name(option, is_positional) + make_option_opts(option), make_option_desc(option));
}

// A flag that stands for the opposite of its name is still called by its name alone.
std::string HelpFormat::make_option_name(const CLI::Option* option, bool is_positional) const {
  std::string name = CLI::Formatter::make_option_name(option, is_positional);
  for (size_t at = name.find("{false}"); at != name.npos; at = name.find("{false}")) name.erase(at, 7);
  return name;
}

std::string HelpFormat::make_option_opts(const CLI::Option* option) const {
  std::string text = CLI::Formatter::make_option_opts(option);
  const bool many = option->get_expected_max() == CLI::detail::expected_max_vector_size;
  if (const size_t dots = text.find(" ..."); many && !option->get_allow_extra_args() && dots != text.npos)
    text.erase(dots, 4);  // it takes one value at a time
  for (const CLI::Option* other : option->get_excludes())
    if (!is_shown(*other)) text.erase(text.find(" " + other->get_name()), other->get_name().size() + 1);
  if (text.ends_with(" Excludes:")) text.erase(text.rfind(" Excludes:"));
  return text;
}

std::string HelpFormat::make_subcommand(const CLI::App* command) const {
  return two_columns(command->get_display_name(true), command->get_description());
}

std::string HelpFormat::make_description(const CLI::App* app) const {
  return all_laid_out(CLI::Formatter::make_description(app), width_);
}

std::string HelpFormat::make_usage(const CLI::App* app, std::string name) const {
  return all_laid_out(CLI::Formatter::make_usage(app, std::move(name)), width_);
}

std::string HelpFormat::make_footer(const CLI::App* app) const {
  return all_laid_out(CLI::Formatter::make_footer(app), width_);
}

}  // namespace vlrm
