#include "cli/benchmark_options.h"

#include <algorithm>

#include "base/error.h"
#include "base/joined.h"

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

void declare_task(CLI::App& command, const BenchmarkSpec*& chosen, const Benchmarks& choices, const std::string& what) {
  const auto complaint = [choices](const std::string& name) {
    if (find_benchmark(choices, name) != nullptr) return std::string();
    return fmt::format("{} is none of {}", printable(name), names_of(choices));
  };
  command
      .add_option_function<std::string>(
          "--task", [&chosen, choices](const std::string& name) { chosen = find_benchmark(choices, name); },
          what + ": " + names_of(choices))
      ->check(CLI::Validator(complaint, ""))
      ->required();
}

std::unique_ptr<Benchmark> BenchmarkFlags::open(const std::string& command, const DatasetName& data,
                                                ResponsesFile holds) const {
  if (task->has_responses()) {
    if (!responses.empty())
      fail("{}: --responses does not go with {}, whose dataset holds them", command, task->name());
    return open_benchmark(*task, data);
  }
  if (responses.empty())
    fail("{}: --task {} needs --responses FILE{}", command, task->name(),
         holds == ResponsesFile::questions ? ", whose lines have the questions as \"input\"" : "");
  return open_best_of_n(*task, responses, data, true, holds);
}

}  // namespace vlrm
