#include "report/run_data.h"

#include "base/error.h"
#include "tasks/own_data.h"

namespace vlrm {
namespace {

std::unique_ptr<const Benchmark> open_whole(const RunResults& run, const DatasetName& name, SharedSpec spec) {
  if (spec->has_responses()) return open_benchmark(std::move(spec), name);
  // A finished run's rows hold all that the responses file held.
  const std::filesystem::path responses =
      run.complete() ? rows_file(run.path) : std::filesystem::path(run.info.responses);
  return open_best_of_n(std::move(spec), responses, name, true);
}

// Rows that nothing names can only be those that were scored if the dataset is the same.
void check_stamp(const RunResults& run, const Benchmark& benchmark) {
  if (run.info.columns.is_null() || !known_by_stamp(run)) return;
  const OrderedJson data = benchmark.description().at("data");
  if (data.is_object() && data.at("stamp") != run.info.data->stamp)
    fail("its files are not as they were when {} was scored, and its rows have no ids", run.path.string());
}

}  // namespace

std::optional<DatasetName> name_of_data(const RunResults& run, const std::string& data) {
  if (data.empty() && !run.info.data) return std::nullopt;
  const RunData known = run.info.data.value_or(RunData{});
  return DatasetName{data.empty() ? known.name : data, known.config, known.split};
}

SharedSpec spec_of(const RunResults& run, const Benchmarks& benchmarks) {
  if (!run.info.columns.is_null())
    return own_data_of(run.info.benchmark, run.info.columns, !run.info.responses.empty());
  return {SharedSpec(), find_benchmark(benchmarks, run.info.benchmark.name())};
}

std::unique_ptr<const Benchmark> open_benchmark_of(const RunResults& run, const std::string& data,
                                                   const Benchmarks& benchmarks) {
  const auto name = name_of_data(run, data);
  if (!name) return nullptr;
  SharedSpec spec = spec_of(run, benchmarks);
  if (spec == nullptr) return nullptr;
  auto whole = open_whole(run, *name, std::move(spec));
  check_stamp(run, *whole);
  return limited(std::move(whole), run.info.limited ? run.info.rows : std::nullopt);
}

}  // namespace vlrm
