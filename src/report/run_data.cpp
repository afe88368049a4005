#include "report/run_data.h"

namespace vlrm {

std::unique_ptr<Benchmark> open_benchmark_of(const RunResults& run, const std::string& data,
                                             const Benchmarks& benchmarks) {
  if (data.empty() && !run.info.data) return nullptr;
  const BenchmarkSpec* spec = find_benchmark(benchmarks, run.info.benchmark.name());
  if (spec == nullptr) return nullptr;
  const RunData known = run.info.data.value_or(RunData{});
  const DatasetName name{data.empty() ? known.name : data, known.config, known.split};
  if (spec->has_responses()) return open_benchmark(*spec, name);
  // A finished run's rows hold all that the responses file held.
  const std::filesystem::path responses =
      run.complete() ? rows_file(run.path) : std::filesystem::path(run.info.responses);
  return open_best_of_n(*spec, responses, name, true);
}

}  // namespace vlrm
