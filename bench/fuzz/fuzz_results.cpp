// results.jsonl, or, before its first zero byte, the run.json beside it.
#include <algorithm>

#include "base/error.h"
#include "results/summary.h"
#include "tasks/benchmark_table.h"
#include "temporary_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const uint8_t *end = data + size, *cut = std::find(data, end, uint8_t{0});
  const bool described = cut != end;
  const uint8_t* rows = described ? cut + 1 : data;
  std::filesystem::remove(fuzz_directory() / "run.json");
  if (described) write_fuzz_file("run.json", data, static_cast<size_t>(cut - data));
  write_fuzz_file("results.jsonl", rows, static_cast<size_t>(end - rows));
  try {
    const vlrm::RunResults run = vlrm::read_run(fuzz_directory(), vlrm::all_kinds());
    if (run.outcomes.size() <= 3) vlrm::summary_json(vlrm::summarize(run)).dump();  // many take long
  } catch (const vlrm::Error&) {
  }
  return 0;
}
