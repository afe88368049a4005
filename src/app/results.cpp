#include <vlrm/results.h>

#include <algorithm>

#include "app/listening.h"
#include "base/error.h"
#include "python/json.h"
#include "results/comparison.h"
#include "results/ensemble.h"
#include "results/summary.h"
#include "tasks/benchmark_table.h"

namespace vlrm {
namespace {

void check_ensembles(const std::vector<std::string>& asked) {
  for (const std::string& name : asked)
    if (std::ranges::none_of(kEnsembleMethods, [&](const auto& method) { return method.name == name; }))
      throw OptionError("ensembles", printable(name) + " is none of mean, min");
}

}  // namespace

std::string results(const ResultsOptions& options) {
  const CallListener listening(options.listener);
  if (options.results.empty() && options.compare.empty()) throw OptionError("results", "at least one is needed");
  if (!options.compare.empty() && options.compare.size() != 2)
    throw OptionError("compare", fmt::format("two runs are compared, not {}", options.compare.size()));
  check_ensembles(options.ensembles);
  OrderedJson json{{"runs", OrderedJson::array()}};
  const auto add = [&](const RunSummary& summary) {
    if (const auto warning = summary.equal_scores.warning())
      tell_warning(fmt::format("{}: {}", summary.info.label, *warning));
    json["runs"].push_back(summary_json(summary));
  };
  std::vector<RunResults> members;
  if (!options.results.empty())
    for (const auto& path : expand_results(options.results)) {
      members.push_back(read_run(path, all_kinds()));
      add(summarize(members.back()));
      if (options.ensembles.empty()) members.clear();
    }
  for (const auto& [method, name] : kEnsembleMethods)
    if (std::ranges::find(options.ensembles, name) != options.ensembles.end())
      add(summarize(ensemble(members, method)));
  if (!options.compare.empty())
    json["comparison"] =
        comparison_json(compare(read_run(options.compare[0], all_kinds()), read_run(options.compare[1], all_kinds())));
  return python_json(json) + "\n";
}

}  // namespace vlrm
