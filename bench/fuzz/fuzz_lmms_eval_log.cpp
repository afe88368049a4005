// The samples that lmms-eval logged, read by the rules of every benchmark that has answers.
#include "base/error.h"
#include "tasks/benchmark_table.h"
#include "tasks/sample_logs.h"
#include "temporary_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  write_fuzz_file("samples.jsonl", data, size);
  for (const vlrm::BenchmarkSpec* benchmark : vlrm::all_benchmarks()) {
    if (benchmark->answers == nullptr) continue;
    try {
      vlrm::aggregate_sample_logs(fuzz_directory(), *benchmark->answers);
    } catch (const vlrm::Error&) {
    }
  }
  return 0;
}
