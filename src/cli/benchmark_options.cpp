#include "cli/benchmark_options.h"

#include <algorithm>

#include "base/error.h"
#include "base/joined.h"
#include "base/nearest.h"
#include "cli/usage_errors.h"

namespace vlrm {

std::string names_of(const Benchmarks& benchmarks) {
  std::vector<std::string> names;
  for (const BenchmarkSpec* spec : benchmarks) names.push_back(spec->name());
  return joined(names);
}

std::string with_underscores(std::string name) {
  std::ranges::replace(name, '-', '_');
  return name;
}

CLI::Option* declare_task(CLI::App& command, std::string& chosen, const Benchmarks& choices, const std::string& what) {
  std::vector<std::string> all;
  for (const BenchmarkSpec* spec : choices) all.push_back(spec->name());
  const auto complaint = [choices, all](const std::string& name) {
    if (find_benchmark(choices, name) != nullptr) return std::string();
    std::vector<std::string_view> names;
    for (const std::string& known : all) names.push_back(known);
    const auto near = near_name(name, names);
    return fmt::format("{} is none of {}{}", printable(name), names_of(choices),
                       near ? fmt::format("; did you mean {}?", *near) : "");
  };
  return command
      .add_option_function<std::string>(
          "--task", [&chosen, choices](const std::string& name) { chosen = find_benchmark(choices, name)->name(); },
          what + ": " + names_of(choices))
      ->check(CLI::Validator(complaint, ""))
      ->check(offering(all));
}

}  // namespace vlrm
