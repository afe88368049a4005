// vlrm results: the tables of evaluations.

#include <algorithm>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/joined.h"
#include "cli/commands.h"
#include "cli/printed_tables.h"
#include "cli/usage_errors.h"
#include "results/ensemble.h"
#include "results/gathered.h"
#include "results/published.h"
#include "results/tables.h"
#include "tasks/benchmark_table.h"

namespace vlrm {
namespace {

struct Flags {
  ResultsOptions options;
  std::vector<std::string> columns;
  std::string format = "text";
  int digits = -1;
  bool one_table = false, details = false, no_intervals = false;
};

TableOptions table_options(const Flags& flags) {
  TableOptions options;
  if (flags.format == "md" || flags.format == "markdown") options.layout = Layout::markdown;
  if (flags.format == "latex") options.layout = Layout::latex;
  if (flags.digits >= 0) options.digits = flags.digits;
  options.metrics = flags.columns;
  options.intervals = !flags.no_intervals && !(options.layout == Layout::text && flags.one_table);
  options.choosing = "Choose on other rows with --choose-on.";
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

std::vector<Grid> tables(const Flags& flags, const GatheredResults& results) {
  const TableOptions options = table_options(flags);
  std::vector<Grid> grids;
  if (flags.one_table && !results.runs.empty())
    grids.push_back(joint_table(results.runs, options));
  else
    grids = benchmark_tables(results.runs, options);
  if (flags.details)
    for (const RunSummary& run : results.runs)
      for (Grid& grid : detail_tables(run, options)) grids.push_back(std::move(grid));
  if (results.breakdowns)
    for (const Breakdown& breakdown : *results.breakdowns) grids.push_back(breakdown_table(breakdown, options));
  if (results.comparison) grids.push_back(comparison_table(*results.comparison, options));
  if (results.matrices)
    for (const ComparisonMatrix& matrix : *results.matrices) grids.push_back(matrix_table(matrix, options));
  if (results.choices)
    for (const RecipeChoices& choices : *results.choices) grids.push_back(choices_table(choices, options));
  if (results.published)
    for (Grid& grid : published_tables(results.runs, options)) grids.push_back(std::move(grid));
  return grids;
}

void check_columns(const Flags& flags, const GatheredResults& results) {
  if (flags.columns.empty()) return;
  if (flags.format == "csv" || flags.format == "json") fail("--columns is for tables; {} has all", flags.format);
  std::vector<std::string> known;
  const auto add = [&](const std::string& name) {
    if (std::find(known.begin(), known.end(), name) == known.end()) known.push_back(name);
  };
  for (const RunSummary& run : results.runs)
    for (const Metric& metric : run.metrics) add(metric.name);
  if (results.comparison)
    for (const MetricComparison& metric : results.comparison->metrics) add(metric.metric);
  for (const std::string& column : flags.columns)
    if (std::find(known.begin(), known.end(), column) == known.end())
      fail("--columns: {} is none of {}", printable(column), joined(known));
}

// CSV has the figures of runs, in lines of one kind.
void check_csv(const Flags& flags) {
  if (flags.format != "csv") return;
  const ResultsOptions& options = flags.options;
  for (const auto& [name, given] :
       {std::pair("--compare", !options.compare.empty()), std::pair("--matrix", options.matrix),
        std::pair("--by", !options.by.empty()), std::pair("--choose-on", !options.choose_on.empty()),
        std::pair("--published", options.published)})
    if (given) fail("{} has no csv; use json, md, latex or text", name);
}

void run_results(const Flags& flags) {
  const ResultsOptions& options = flags.options;
  if (options.results.empty() && options.compare.empty() && options.choose_on.empty() && options.report_on.empty() &&
      !options.published)
    fail("name result folders, or two with --compare");
  if (options.results.empty() && !options.ensembles.empty())
    fail("--ensemble: name its runs; those of --compare are none of them");
  check_csv(flags);
  const GatheredResults results = gather_results(options, all_kinds());
  check_columns(flags, results);
  if (flags.format == "csv") {
    fmt::print("{}", csv_of(results.runs));
  } else if (flags.format == "json") {
    fmt::print("{}", json_text(results));
  } else {
    print_tables(tables(flags, results), table_options(flags).layout);
  }
}

// What goes beyond the figures of each run.
void add_analyses(CLI::App& command, ResultsOptions& options) {
  command.add_option("--compare", options.compare, "Two runs over the same samples: is the difference chance?")
      ->expected(2);
  command.add_flag("--matrix", options.matrix,
                   "Every run beside every other: differences, with p corrected for their number by Holm's method");
  command
      .add_option("--ensemble", options.ensembles,
                  "mean, min or both (mean,min): also the results of all runs' scores together, each normalised")
      ->check(one_of(ensemble_names()))
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_option("--by", options.by, "Also accuracy by a column of the dataset, or a field of the result rows")
      ->check(not_empty());
  command.add_option("--data", options.data, "For --by: where the dataset is now (default: where it was scored)")
      ->check(not_empty());
  command.add_option("--choose-on", options.choose_on,
                     "Runs of recipes over validation rows: the best of each method, and of all, is chosen");
  command.add_option("--report-on", options.report_on,
                     "Runs over test rows, of which those of the chosen recipes count");
  command.add_flag("--published", options.published,
                   "Also figures that others published, of the benchmarks of these runs; without runs, of all");
}

}  // namespace

void add_results_command(CLI::App& program) {
  auto* command = program.add_subcommand("results", "Tables of evaluations, with intervals; compare two");
  const auto flags = std::make_shared<Flags>();
  command->add_option("results", flags->options.results,
                      "Result folders, folders of them, or files of rows (the reference's too)");
  add_analyses(*command, flags->options);
  command->add_option("--format", flags->format, "text, md (or markdown), latex, csv or json")
      ->check(one_of({"text", "md", "markdown", "latex", "csv", "json"}))
      ->capture_default_str();
  command->add_flag("--one-table", flags->one_table,
                    "One table, as in the paper: a row a method, the columns of all benchmarks");
  command->add_flag(
      "--details", flags->details,
      "Scores, ties, margins, calibration, accuracy by length gap, best-of-n curves (json always has them)");
  command
      ->add_option("--columns", flags->columns,
                   "Only these columns of the tables, and rows of --compare: Overall,Macro (default: all)")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--grouping", flags->options.grouping,
                      "Group VL-RewardBench's rows by another published rule: " + groupings_text() +
                          " (default: as they were evaluated)");
  command->add_option("--sort", flags->options.sort, "By this column, the highest first, or by label")
      ->check(not_empty());
  command->add_option("--top", flags->options.top, "Only so many of each benchmark: the best by --sort, or in all rows")
      ->check(whole_number(1));
  command->add_flag("--no-intervals", flags->no_intervals, "Without the 95% intervals");
  command->add_option("--digits", flags->digits, "Digits of percentages (default: 1; csv and json have all)")
      ->check(CLI::Range(0, 12));
  command->footer(
      "Examples:\n"
      "  vlrm results results/*\n"
      "  vlrm results results/sweep --format latex --one-table\n"
      "  vlrm results --compare results/ties results/linear\n"
      "  vlrm results results/sweep --sort Macro --top 5 --matrix\n"
      "  vlrm results results/* --by category\n"
      "  vlrm results --choose-on validation/sweep --report-on test/sweep\n"
      "  vlrm results results/* --published\n"
      "  vlrm results --ensemble mean,min results/ties results/linear\n\n"
      "A killed or running evaluation is marked as unfinished. docs/results.md says how everything is computed.");
  command->callback([flags] { run_results(*flags); });
}

}  // namespace vlrm
