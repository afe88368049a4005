// One file of rows, in any of the formats.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "data/dataset.h"

namespace vlrm {

class RowFile {
 public:
  virtual ~RowFile() = default;
  virtual int64_t rows() const = 0;
  // The rows from `first` on, Row::index counted in this file. A stream may outlive its RowFile.
  virtual std::unique_ptr<RowStream> stream(int64_t first, Images images, const Columns& columns) const = 0;
};

// "image", "images" or "image_7", in capitals or not.
bool names_images(std::string_view column);
// Whether a column of values is to be read.
bool is_wanted(const Columns& columns, const std::string& column);
// Whether a column is named as one of images.
bool is_wanted_image(const Columns& columns, const std::string& column);

// Parquet, or Arrow's stream or file format where the name ends in .arrow. Loads libvlrm_data on first use.
std::unique_ptr<RowFile> open_table(const std::filesystem::path& path);

// One JSON object a line, or one array of objects. "image", "images" and "image_N" name images, or the columns that are
// wanted as such; counting the rows reads through the file. An array is read whole: at most 128 MiB.
std::unique_ptr<RowFile> open_json_lines(const std::filesystem::path& path);
std::unique_ptr<RowFile> open_json_array(const std::filesystem::path& path);
bool holds_json_array(const std::filesystem::path& path);

// The formats by the endings of file names; of several in a directory, an earlier one goes first.
enum class RowFormat { parquet, arrow, json_lines };
std::optional<RowFormat> row_format(const std::filesystem::path& path);

// Either of the above, by the file's ending. Throws Error where it says nothing.
std::unique_ptr<RowFile> open_row_file(const std::filesystem::path& path);

}  // namespace vlrm
