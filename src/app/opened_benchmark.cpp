#include "app/opened_benchmark.h"

#include <algorithm>

#include "app/benchmarks.h"
#include "app/option_checks.h"
#include "base/error.h"
#include "base/listening.h"
#include "tasks/own_data.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

bool is_known_name(const std::string& name) {
  const auto fits = [&](const BenchmarkKind* kind) { return is_named(*kind, name) || kind->title == name; };
  return std::ranges::any_of(all_kinds(), fits);
}

// "pairs.parquet" and "me/pairs" are called "pairs". Nothing of the user's own may stand in the table of a benchmark.
std::string name_of_data(const EvaluateOptions& options) {
  if (!options.name.empty()) {
    if (is_known_name(options.name))
      throw OptionError("name", printable(options.name) + " is the name of a benchmark; choose another");
    return printable(options.name);
  }
  const fs::path path(options.responses.empty() ? options.data.data : options.responses);
  std::string name = printable((path.has_filename() ? path : path.parent_path()).stem().string());
  return is_known_name(name) ? name + " (own data)" : name;
}

SharedSpec own_spec(const EvaluateOptions& options) {
  const std::string name = name_of_data(options);
  try {
    const OwnColumns columns = own_columns_or_throw(options.columns);
    if (same_name(options.benchmark, "pairs")) return own_pairs(columns, name);
    return options.responses.empty() ? own_best_of_n(columns, name) : own_responses(columns, name);
  } catch (const Error& error) {
    throw OptionError("columns", error.what());
  }
}

std::unique_ptr<const Benchmark> own_data_or_throw(const EvaluateOptions& options, EvaluationMode mode) {
  const bool responses = !options.responses.empty(), shows = mode == EvaluationMode::image;
  if (options.data.data.empty() && (!responses || shows))
    throw OptionError("data", responses ? "names the dataset with the images of `responses`, or `task` a known one"
                                        : "names the rows: a file, a directory or a hub id");
  if (same_name(options.benchmark, "pairs") || !responses) return open_benchmark(own_spec(options), options.data);
  return open_best_of_n(own_spec(options), options.responses, options.data, shows);
}

std::unique_ptr<const Benchmark> known_benchmark_or_throw(const EvaluateOptions& options, EvaluationMode mode) {
  for (const auto& [option, given] : {std::pair("columns", !options.columns.empty()), {"name", !options.name.empty()}})
    if (given) throw OptionError(option, "is for data of your own: pairs, or best-of-n without `task`");
  if (!same_name(options.benchmark, "best-of-n"))
    return open_benchmark(benchmark_or_throw("benchmark", options.benchmark, benchmarks_with_responses()),
                          options.data);
  const BenchmarkSpec& spec = benchmark_or_throw("task", options.task, benchmarks_to_answer());
  require_named("responses", options.responses);
  return open_best_of_n(spec, options.responses, options.data, mode == EvaluationMode::image);
}

}  // namespace

std::shared_ptr<const Benchmark> benchmark_of(const EvaluateOptions& options, EvaluationMode mode) {
  require_limit(options.limit);
  const bool own =
      same_name(options.benchmark, "pairs") || (same_name(options.benchmark, "best-of-n") && options.task.empty());
  std::unique_ptr<const Benchmark> all =
      own ? own_data_or_throw(options, mode) : known_benchmark_or_throw(options, mode);
  for (const std::string& note : all->notes()) tell_note(note);
  const int64_t rows = all->rows();
  std::shared_ptr<const Benchmark> benchmark = limited(std::move(all), options.limit);
  if (benchmark->rows() < rows)
    tell_note(fmt::format("only the first {} of {} rows (`limit`)", benchmark->rows(), rows));
  return benchmark;
}

}  // namespace vlrm
