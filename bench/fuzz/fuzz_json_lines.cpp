// A file of rows, one JSON object on each line.
#include "base/error.h"
#include "read_rows.h"
#include "temporary_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto path = write_fuzz_file("rows.jsonl", data, size);
  try {
    read_rows(*vlrm::open_json_lines(path));
  } catch (const vlrm::Error&) {
  }
  return 0;
}
