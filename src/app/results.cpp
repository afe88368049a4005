#include <vlrm/results.h>

#include <algorithm>

#include "app/listening.h"
#include "base/error.h"
#include "results/ensemble.h"
#include "results/gathered.h"
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
  return json_text(gather_results(options.results, options.ensembles, options.compare, all_kinds(), options.grouping));
}

}  // namespace vlrm
