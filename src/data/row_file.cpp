#include "data/row_file.h"

#include "base/error.h"

namespace vlrm {

std::unique_ptr<RowFile> open_row_file(const std::filesystem::path& path) {
  const auto format = row_format(path);
  if (!format)
    fail("{}: not a file of rows; known are .parquet, .arrow, .jsonl, .ndjson and .json",
         printable(path.string(), 400));
  return *format == RowFormat::json_lines ? open_json_lines(path) : open_table(path);
}

}  // namespace vlrm
