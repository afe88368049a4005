// vlrm results: the tables of evaluations.
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/joined.h"
#include "cli/commands.h"
#include "cli/terminal_width.h"
#include "cli/usage_errors.h"
#include "results/ensemble.h"
#include "results/gathered.h"
#include "results/tables.h"
#include "tasks/benchmark_table.h"

namespace vlrm {
namespace {

struct Flags {
  std::vector<std::string> paths, compare, columns, ensembles;
  std::string format = "text", grouping;
  int digits = -1;
  bool one_table = false, details = false, no_intervals = false;
};

TableOptions table_options(const Flags& flags) {
  TableOptions options;
  if (flags.format == "md") options.layout = Layout::markdown;
  if (flags.format == "latex") options.layout = Layout::latex;
  const bool roomy = options.layout == Layout::text && !flags.one_table;
  options.digits = flags.digits >= 0 ? flags.digits : roomy ? 3 : 1;
  options.metrics = flags.columns;
  options.intervals = !flags.no_intervals && (roomy || options.layout != Layout::text);
  return options;
}

// "authors (…), r1-reward (…)"
std::string groupings_text() {
  std::vector<std::string> all;
  for (const BenchmarkKind* kind : all_kinds())
    for (const Grouping& grouping : kind->groupings)
      all.push_back(fmt::format("{} ({})", grouping.name, grouping.meaning));
  return joined(all);
}

std::vector<std::string> ensemble_names() {
  std::vector<std::string> names;
  for (const auto& [method, name] : kEnsembleMethods) names.emplace_back(name);
  return names;
}

std::vector<Grid> tables(const Flags& flags, const std::vector<RunSummary>& runs,
                         const std::optional<Comparison>& comparison) {
  const TableOptions options = table_options(flags);
  std::vector<Grid> grids;
  if (flags.one_table && !runs.empty())
    grids.push_back(joint_table(runs, options));
  else
    grids = benchmark_tables(runs, options);
  if (flags.details)
    for (const RunSummary& run : runs)
      for (Grid& grid : detail_tables(run, options)) grids.push_back(std::move(grid));
  if (comparison) grids.push_back(comparison_table(*comparison, options));
  return grids;
}

void check_columns(const Flags& flags, const std::vector<RunSummary>& runs,
                   const std::optional<Comparison>& comparison) {
  if (flags.columns.empty()) return;
  if (flags.format == "csv" || flags.format == "json") fail("--columns is for tables; {} has all", flags.format);
  std::vector<std::string> known;
  const auto add = [&](const std::string& name) {
    if (std::find(known.begin(), known.end(), name) == known.end()) known.push_back(name);
  };
  for (const RunSummary& run : runs)
    for (const Metric& metric : run.metrics) add(metric.name);
  if (comparison)
    for (const MetricComparison& metric : comparison->metrics) add(metric.metric);
  for (const std::string& column : flags.columns)
    if (std::find(known.begin(), known.end(), column) == known.end())
      fail("--columns: {} is none of {}", printable(column), joined(known));
}

void run_results(const Flags& flags) {
  if (flags.paths.empty() && flags.compare.empty()) fail("name result folders, or two with --compare");
  if (flags.paths.empty() && !flags.ensembles.empty())
    fail("--ensemble: name its runs; those of --compare are none of them");
  const GatheredResults results =
      gather_results(flags.paths, flags.ensembles, flags.compare, all_kinds(), flags.grouping);
  const auto& [runs, comparison] = results;
  check_columns(flags, runs, comparison);
  if (flags.format == "csv" && comparison) fail("--compare has no csv; use json, md, latex or text");
  if (flags.format == "csv") {
    fmt::print("{}", csv_of(runs));
  } else if (flags.format == "json") {
    fmt::print("{}", json_text(results));
  } else {
    const char* separator = "";
    for (const Grid& grid : tables(flags, runs, comparison))
      fmt::print("{}{}", std::exchange(separator, "\n"),
                 rendered(grid, table_options(flags).layout, terminal_width(STDOUT_FILENO)));
  }
}

}  // namespace

void add_results_command(CLI::App& program) {
  auto* command = program.add_subcommand("results", "Tables of evaluations, with intervals; compare two");
  const auto flags = std::make_shared<Flags>();
  command->add_option("results", flags->paths,
                      "Result folders, folders of them, or files of rows (the reference's too)");
  command->add_option("--compare", flags->compare, "Two runs over the same samples: is the difference chance?")
      ->expected(2);
  command
      ->add_option("--ensemble", flags->ensembles,
                   "mean, min or both (mean,min): also the results of all runs' scores together, each normalised")
      ->check(one_of(ensemble_names()))
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--format", flags->format, "text, md, latex, csv or json")
      ->check(one_of({"text", "md", "latex", "csv", "json"}))
      ->capture_default_str();
  command->add_flag("--one-table", flags->one_table,
                    "One table, as in the paper: a row a method, the columns of all benchmarks");
  command->add_flag("--details", flags->details,
                    "Score distributions, ties, accuracy by length gap, best-of-n curves (json always has them)");
  command
      ->add_option("--columns", flags->columns,
                   "Only these columns of the tables, and rows of --compare: Overall,Macro (default: all)")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--grouping", flags->grouping,
                      "Group VL-RewardBench's rows by another published rule: " + groupings_text() +
                          " (default: as they were evaluated)");
  command->add_flag("--no-intervals", flags->no_intervals, "Without the 95% intervals");
  command
      ->add_option("--digits", flags->digits, "Digits of percentages (default: 3 in text, else 1; csv and json: all)")
      ->check(CLI::Range(0, 12));
  command->footer(
      "Examples:\n"
      "  vlrm results results/*\n"
      "  vlrm results results/sweep --format latex --one-table\n"
      "  vlrm results --compare results/ties results/linear\n"
      "  vlrm results --ensemble mean,min results/ties results/linear\n\n"
      "A killed or running evaluation is marked as unfinished. docs/results.md says how everything is computed.");
  command->callback([flags] { run_results(*flags); });
}

}  // namespace vlrm
