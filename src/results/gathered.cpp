#include "results/gathered.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/listening.h"
#include "python/json.h"
#include "results/ensemble.h"
#include "results/published.h"
#include "results/result_folder.h"
#include "results/row_values.h"
#include "results/run_order.h"
#include "results/run_reader.h"

namespace vlrm {
namespace {

void check_options(const ResultsOptions& options) {
  if (!options.compare.empty() && options.compare.size() != 2)
    throw OptionError("compare", fmt::format("two runs are compared, not {}", options.compare.size()));
  for (const std::string& name : options.ensembles)
    if (std::ranges::none_of(kEnsembleMethods, [&](const auto& method) { return method.name == name; }))
      throw OptionError("ensembles", printable(name) + " is none of mean, min");
  if (options.top < 0) throw OptionError("top", "is negative");
  if (options.choose_on.empty() && !options.report_on.empty())
    throw OptionError("choose_on", "is missing: it names the runs that choose a recipe for `report_on`");
  if (!options.choose_on.empty() && options.report_on.empty())
    throw OptionError("report_on", "is missing: it names the runs to show of the recipe that `choose_on` chooses");
  if (!options.data.empty() && options.by.empty()) throw OptionError("data", "is for `by`, which is missing");
  if (!options.results.empty()) return;
  for (const auto& [name, given] : {std::pair("matrix", options.matrix), std::pair("sort", !options.sort.empty()),
                                    std::pair("top", options.top > 0), std::pair("by", !options.by.empty()),
                                    std::pair("ensembles", !options.ensembles.empty())})
    if (given) throw OptionError(name, "name the runs that it is for");
}

std::vector<RunSummary> summaries_of(const std::vector<std::string>& paths, RunReader& reader) {
  std::vector<RunSummary> runs;
  for (const auto& path : expand_results(paths)) runs.push_back(summarize(reader.read(path)));
  return runs;
}

template <class T>
std::vector<T> in_order(std::vector<T> items, const std::vector<size_t>& order) {
  std::vector<T> ordered;
  for (const size_t i : order) ordered.push_back(std::move(items[i]));
  return ordered;
}

// A dataset that many runs were scored on is read once. Those whose rows hold the column cost their rows.
class ColumnReader {
 public:
  ColumnReader(std::string column, std::string data) : column_(std::move(column)), data_(std::move(data)) {}

  const std::vector<std::string>& values(const RunResults& run, const std::vector<RunResults>& runs) {
    // An ensemble has the rows of its members.
    const RunResults& read =
        run.path.empty() ? *std::ranges::find_if(runs, [](auto& one) { return !one.path.empty(); }) : run;
    auto& known = known_[read.path.string()];
    if (known.empty()) known = row_values(read, column_, data_);
    return known;
  }

 private:
  const std::string column_, data_;
  std::map<std::string, std::vector<std::string>> known_;
};

std::vector<Breakdown> breakdowns_of(const std::vector<RunSummary>& summaries, const std::vector<RunResults>& runs,
                                     const ResultsOptions& options) {
  const auto benchmarks = by_benchmark(summaries);
  if (!options.data.empty() && benchmarks.size() > 1)
    throw OptionError("data",
                      fmt::format("the runs are of {} benchmarks, and one dataset is named; name the runs of one",
                                  benchmarks.size()));
  ColumnReader reader(options.by, options.data);
  std::vector<Breakdown> all;
  for (const auto& benchmark : benchmarks) {
    std::vector<const RunResults*> of_benchmark;
    std::vector<std::vector<std::string>> values;
    for (const RunSummary* summary : benchmark) {
      const RunResults& run = runs[static_cast<size_t>(summary - summaries.data())];
      of_benchmark.push_back(&run);
      values.push_back(run.scored() ? reader.values(run, runs) : std::vector<std::string>());
    }
    all.push_back(breakdown(of_benchmark, distinct_labels(benchmark), options.by, values));
  }
  return all;
}

template <class T>
OrderedJson list_of(const std::vector<T>& items, OrderedJson (*json_of)(const T&)) {
  OrderedJson list = OrderedJson::array();
  for (const T& item : items) list.push_back(json_of(item));
  return list;
}

}  // namespace

GatheredResults gather_results(const ResultsOptions& options, const BenchmarkKinds& kinds) {
  check_options(options);
  GatheredResults results;
  RunReader reader(kinds, options.grouping);
  const bool all_rows = options.matrix || !options.by.empty();
  std::vector<RunResults> runs;  // kept for what needs rows
  for (const auto& path : expand_results(options.results)) {
    RunResults run = reader.read(path);
    results.runs.push_back(summarize(run));
    if (!options.ensembles.empty() || all_rows) runs.push_back(std::move(run));
  }
  const std::vector<RunResults> members = options.ensembles.empty() ? std::vector<RunResults>() : runs;
  for (const auto& [method, name] : kEnsembleMethods) {
    if (std::ranges::find(options.ensembles, name) == options.ensembles.end()) continue;
    runs.push_back(ensemble(members, method));
    results.runs.push_back(summarize(runs.back()));
  }
  for (const RunSummary& run : results.runs)
    if (const auto warning = run.equal_scores.warning()) tell_warning(fmt::format("{}: {}", run.info.label, *warning));
  mark_selected(results.runs);
  const auto order = run_order(results.runs, options.sort, static_cast<size_t>(options.top));
  results.runs = in_order(std::move(results.runs), order);
  if (all_rows) runs = in_order(std::move(runs), order);
  if (!options.compare.empty())
    results.comparison = compare(reader.read(options.compare[0]), reader.read(options.compare[1]));
  if (options.matrix) {
    results.matrices = comparison_matrices(results.runs, runs);
    if (results.matrices->empty())
      throw OptionError("matrix", "no two finished runs with scores are of one benchmark and over the same samples");
  }
  if (!options.by.empty()) results.breakdowns = breakdowns_of(results.runs, runs, options);
  if (!options.choose_on.empty())
    results.choices = choose_recipes(summaries_of(options.choose_on, reader), summaries_of(options.report_on, reader));
  results.published = options.published;
  reader.check_grouping();
  if (options.published && published_json(results.runs).empty())
    tell_note("no published figures of these benchmarks are known");
  return results;
}

std::string json_text(const GatheredResults& results) {
  OrderedJson json{{"runs", list_of(results.runs, summary_json)}};
  if (results.comparison) json["comparison"] = comparison_json(*results.comparison);
  if (results.matrices) json["matrix"] = list_of(*results.matrices, matrix_json);
  if (results.breakdowns) json["by"] = list_of(*results.breakdowns, breakdown_json);
  if (results.choices) json["choices"] = list_of(*results.choices, choices_json);
  if (results.published) json["published"] = published_json(results.runs);
  return python_json(json) + "\n";
}

}  // namespace vlrm
