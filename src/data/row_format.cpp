#include <algorithm>
#include <cctype>

#include "data/row_file.h"

namespace vlrm {

std::optional<RowFormat> row_format(const std::filesystem::path& path) {
  const std::string ending = path.extension().string();
  if (ending == ".parquet") return RowFormat::parquet;
  if (ending == ".arrow") return RowFormat::arrow;
  if (ending == ".jsonl" || ending == ".ndjson" || ending == ".json") return RowFormat::json_lines;
  return std::nullopt;
}

bool names_images(std::string_view column) {
  std::string name(column);
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (name == "image" || name == "images") return true;
  return name.starts_with("image_") && name.size() > 6 &&
         std::ranges::all_of(name.substr(6), [](unsigned char c) { return std::isdigit(c) != 0; });
}

bool is_wanted(const Columns& columns, const std::string& column) {
  return !columns || std::ranges::find(columns->values, column) != columns->values.end();
}

bool is_wanted_image(const Columns& columns, const std::string& column) {
  return columns && std::ranges::find(columns->images, column) != columns->images.end();
}

}  // namespace vlrm
