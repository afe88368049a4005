#include "report/run_data.h"

namespace vlrm {

std::optional<DatasetName> name_of_data(const RunResults& run, const std::string& data) {
  if (data.empty() && !run.info.data) return std::nullopt;
  const RunData known = run.info.data.value_or(RunData{});
  return DatasetName{data.empty() ? known.name : data, known.config, known.split};
}

std::unique_ptr<const Benchmark> open_benchmark_of(const RunResults& run, const std::string& data,
                                                   const Benchmarks& benchmarks) {
  const auto name = name_of_data(run, data);
  if (!name) return nullptr;
  const BenchmarkSpec* spec = find_benchmark(benchmarks, run.info.benchmark.name());
  if (spec == nullptr) return nullptr;
  if (spec->has_responses())
    return limited(open_benchmark(*spec, *name), run.info.limited ? run.info.rows : std::nullopt);
  // A finished run's rows hold all that the responses file held.
  const std::filesystem::path responses =
      run.complete() ? rows_file(run.path) : std::filesystem::path(run.info.responses);
  return open_best_of_n(*spec, responses, *name, true);
}

}  // namespace vlrm
