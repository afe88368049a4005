// results.jsonl, or, before its first zero byte, the run.json beside it.
#include <algorithm>

#include "base/error.h"
#include "results/analysis.h"
#include "results/margins.h"
#include "results/metrics.h"
#include "tasks/benchmark_table.h"
#include "temporary_file.h"

namespace {

// Everything that summarize() does but for the bootstrap, which would take nearly all of the time.
void look_at(const vlrm::RunResults& run) {
  vlrm::summarize_choices(run.outcomes, run.info.benchmark.groups.size());
  vlrm::summarize_best_of_n(run.outcomes);
  vlrm::ties(run.outcomes);
  vlrm::score_distributions(run.outcomes);
  vlrm::accuracy_by_length_gap(run);
  vlrm::margin_histogram(run.outcomes);
  vlrm::accuracy_by_margin(run.outcomes);
  vlrm::calibration(run.outcomes);
  vlrm::best_of_n_curve(run.outcomes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const uint8_t *end = data + size, *cut = std::find(data, end, uint8_t{0});
  const bool described = cut != end;
  const uint8_t* rows = described ? cut + 1 : data;
  std::filesystem::remove(fuzz_directory() / "run.json");
  if (described) write_fuzz_file("run.json", data, static_cast<size_t>(cut - data));
  write_fuzz_file("results.jsonl", rows, static_cast<size_t>(end - rows));
  try {
    look_at(vlrm::read_run(fuzz_directory(), vlrm::all_kinds()));
  } catch (const vlrm::Error&) {
  }
  return 0;
}
