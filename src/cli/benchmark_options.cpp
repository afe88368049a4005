#include "cli/benchmark_options.h"

#include <algorithm>

#include "base/error.h"
#include "base/joined.h"
#include "base/nearest.h"
#include "cli/usage_errors.h"
#include "tasks/own_task.h"

namespace vlrm {

std::string names_of(const Benchmarks& benchmarks) {
  std::vector<std::string> names;
  for (const BenchmarkSpec* spec : benchmarks) names.push_back(spec->name());
  return joined(names);
}

std::map<std::string, std::string> values_by_name(
    const std::vector<std::string>& texts, const std::function<void(const std::string& text, bool has_name)>& refuse) {
  std::map<std::string, std::string> values;
  for (const std::string& text : texts) {
    const size_t sign = text.find('=');
    if (sign == text.npos || sign == 0 || sign + 1 == text.size()) refuse(text, false);
    if (!values.emplace(text.substr(0, sign), text.substr(sign + 1)).second) refuse(text, true);
  }
  return values;
}

std::string with_underscores(std::string name) {
  std::ranges::replace(name, '-', '_');
  return name;
}

namespace {

CLI::Option* declare_named_task(CLI::App& command, std::string& chosen, const Benchmarks& choices,
                                const std::string& what, bool or_file) {
  std::vector<std::string> all;
  for (const BenchmarkSpec* spec : choices) all.push_back(spec->name());
  const auto complaint = [choices, all, or_file](const std::string& name) {
    if (find_benchmark(choices, name) != nullptr || (or_file && is_task_file(name))) return std::string();
    std::vector<std::string_view> names;
    for (const std::string& known : all) names.push_back(known);
    const auto near = near_name(name, names);
    return fmt::format("{} is none of {}{}{}", printable(name), names_of(choices),
                       or_file ? ", and no file of a task of your own, which ends in .yml or .yaml" : "",
                       near ? fmt::format("; did you mean {}?", *near) : "");
  };
  const auto choose = [&chosen, choices](const std::string& name) {
    const BenchmarkSpec* spec = find_benchmark(choices, name);
    chosen = spec == nullptr ? name : spec->name();
  };
  return command
      .add_option_function<std::string>(
          "--task", choose, what + ": " + names_of(choices) + (or_file ? "; or a file (.yml) that says how" : ""))
      ->check(CLI::Validator(complaint, ""))
      ->check(offering(all));
}

}  // namespace

CLI::Option* declare_task(CLI::App& command, std::string& chosen, const Benchmarks& choices, const std::string& what) {
  return declare_named_task(command, chosen, choices, what, false);
}

CLI::Option* declare_task_or_file(CLI::App& command, std::string& chosen, const Benchmarks& choices,
                                  const std::string& what) {
  return declare_named_task(command, chosen, choices, what, true);
}

}  // namespace vlrm
