#include <vlrm/results.h>

#include "app/listening.h"
#include "results/gathered.h"
#include "tasks/benchmark_table.h"

namespace vlrm {

std::string results(const ResultsOptions& options) {
  const CallListener listening(options.listener);
  if (options.results.empty() && options.compare.empty() && options.choose_on.empty() && options.report_on.empty() &&
      !options.published)
    throw OptionError("results", "at least one is needed");
  return json_text(gather_results(options, all_kinds()));
}

}  // namespace vlrm
