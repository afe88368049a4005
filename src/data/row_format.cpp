#include "data/row_file.h"

namespace vlrm {

std::optional<RowFormat> row_format(const std::filesystem::path& path) {
  const std::string ending = path.extension().string();
  if (ending == ".parquet") return RowFormat::parquet;
  if (ending == ".arrow") return RowFormat::arrow;
  if (ending == ".jsonl" || ending == ".ndjson" || ending == ".json") return RowFormat::json_lines;
  return std::nullopt;
}

}  // namespace vlrm
