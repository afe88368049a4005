#include "report/run_data.h"

namespace vlrm {

std::unique_ptr<Benchmark> open_benchmark_of(const RunResults& run, const std::string& data) {
  if (data.empty() && !run.info.data) return nullptr;
  const RunData known = run.info.data.value_or(RunData{});
  const DatasetName name{data.empty() ? known.name : data, known.config, known.split};
  if (run.info.task == Task::vl_rewardbench) return open_vl_rewardbench(name);
  if (run.info.task == Task::rlaif_v) return open_rlaif_v(name);
  if (run.info.subtask.empty()) return nullptr;
  // A finished run's rows hold all that the responses file held.
  const std::filesystem::path responses =
      run.complete() ? rows_file(run.path) : std::filesystem::path(run.info.responses);
  return open_best_of_n(run.info.subtask, responses, name, true);
}

}  // namespace vlrm
