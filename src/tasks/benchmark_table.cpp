#include "tasks/benchmark_table.h"

#include <algorithm>

#include "tasks/benchmarks/benchmarks.h"
#include "tasks/own_data.h"

namespace vlrm {
namespace {

Benchmarks chosen(bool with_responses) {
  Benchmarks found;
  std::ranges::copy_if(all_benchmarks(), std::back_inserter(found),
                       [&](const BenchmarkSpec* spec) { return spec->has_responses() == with_responses; });
  return found;
}

}  // namespace

const Benchmarks& all_benchmarks() {
#define VLRM_ADDRESS(name) &name##_benchmark,
  static const Benchmarks all{VLRM_BENCHMARKS(VLRM_ADDRESS)};
#undef VLRM_ADDRESS
  return all;
}

Benchmarks benchmarks_with_responses() {
  return chosen(true);
}

Benchmarks benchmarks_to_answer() {
  return chosen(false);
}

const BenchmarkSpec* find_benchmark(const Benchmarks& benchmarks, std::string_view name) {
  const auto found = std::ranges::find_if(benchmarks, [&](const auto* spec) { return same_name(spec->name(), name); });
  return found == benchmarks.end() ? nullptr : *found;
}

BenchmarkKinds kinds_of(const Benchmarks& benchmarks) {
  static const BenchmarkKind unknown_best_of_n = best_of_n_kind("", "Best of N");
  BenchmarkKinds kinds;
  for (const BenchmarkSpec* spec : benchmarks) kinds.push_back(&spec->kind);
  kinds.push_back(&unknown_best_of_n);
  kinds.push_back(&kOwnPairs);
  return kinds;
}

const BenchmarkKinds& all_kinds() {
  static const BenchmarkKinds all = kinds_of(all_benchmarks());
  return all;
}

}  // namespace vlrm
