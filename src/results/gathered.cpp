#include "results/gathered.h"

#include <algorithm>

#include "base/error.h"
#include "base/listening.h"
#include "python/json.h"
#include "results/ensemble.h"
#include "results/result_folder.h"

namespace vlrm {
namespace {

// Runs of other benchmarks stay as they are.
class Groupings {
 public:
  explicit Groupings(std::string name) : name_(std::move(name)) {}
  RunResults grouped(RunResults run) {
    if (name_.empty() || run.info.benchmark.groupings.empty()) return run;
    regroup(run, name_);
    ++used_;
    return run;
  }
  void check_used() const {
    if (!name_.empty() && used_ == 0) fail("`grouping` {}: no result is of a benchmark with several", printable(name_));
  }

 private:
  const std::string name_;
  int used_ = 0;
};

}  // namespace

GatheredResults gather_results(const std::vector<std::string>& paths, const std::vector<std::string>& ensembles,
                               const std::vector<std::string>& two, const BenchmarkKinds& kinds,
                               const std::string& grouping) {
  GatheredResults results;
  Groupings groupings(grouping);
  std::vector<RunResults> members;  // kept for ensembles alone
  for (const auto& path : expand_results(paths)) {
    RunResults run = groupings.grouped(read_run(path, kinds));
    results.runs.push_back(summarize(run));
    if (!ensembles.empty()) members.push_back(std::move(run));
  }
  for (const auto& [method, name] : kEnsembleMethods)
    if (std::ranges::find(ensembles, name) != ensembles.end())
      results.runs.push_back(summarize(ensemble(members, method)));
  for (const RunSummary& run : results.runs)
    if (const auto warning = run.equal_scores.warning()) tell_warning(fmt::format("{}: {}", run.info.label, *warning));
  if (!two.empty())
    results.comparison =
        compare(groupings.grouped(read_run(two.at(0), kinds)), groupings.grouped(read_run(two.at(1), kinds)));
  groupings.check_used();
  return results;
}

std::string json_text(const GatheredResults& results) {
  OrderedJson json{{"runs", OrderedJson::array()}};
  for (const RunSummary& run : results.runs) json["runs"].push_back(summary_json(run));
  if (results.comparison) json["comparison"] = comparison_json(*results.comparison);
  return python_json(json) + "\n";
}

}  // namespace vlrm
