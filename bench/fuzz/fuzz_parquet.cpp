// A parquet file.
#include <memory>

#include "base/error.h"
#include "read_rows.h"
#include "temporary_file.h"

extern "C" vlrm::RowFile* vlrm_open_table(const std::filesystem::path* path);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto path = write_fuzz_file("rows.parquet", data, size);
  try {
    read_rows(*std::unique_ptr<vlrm::RowFile>(vlrm_open_table(&path)));
  } catch (const vlrm::Error&) {
  }
  return 0;
}
