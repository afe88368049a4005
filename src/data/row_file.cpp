#include "data/row_file.h"

#include "base/error.h"

namespace vlrm {

std::unique_ptr<RowFile> open_row_file(const std::filesystem::path& path) {
  const auto format = row_format(path);
  if (!format)
    fail("{}: not a file of rows; known are .parquet, .arrow, .jsonl, .ndjson and .json",
         printable(path.string(), 400));
  if (*format != RowFormat::json_lines) return open_table(path);
  // Only of a .json: the first line of JSON lines may be an array by mistake.
  const bool array = path.extension() == ".json" && holds_json_array(path);
  return array ? open_json_array(path) : open_json_lines(path);
}

}  // namespace vlrm
