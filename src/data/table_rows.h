// Rows out of Arrow's record batches.
#pragma once

#include <arrow/record_batch.h>

#include <filesystem>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/table_limits.h"

namespace vlrm {

class TableRows {
 public:
  // Looks at the wanted columns of the schema: an image's column is a struct of bytes and path, as the `datasets`
  // library stores it, a list of such, or binary; where it is wanted by its name, also the text of a path. A column
  // called "image", "images" or "image_N" of another type is an error where images are wanted. Throws Error for two
  // columns of one name and for types that cannot be read.
  TableRows(const arrow::Schema& schema, std::filesystem::path file, Images images, const Columns& columns);

  // The schema's fields that rows are made of.
  const std::vector<int>& fields() const { return fields_; }

  // Row `row_of_batch` of a batch whose Validate() was fine, as the file's row `index`. The batch has these fields, and
  // may have others. Throws Error for a row, or rows, of more than a RowBudget.
  Row row(const arrow::RecordBatch& batch, int64_t row_of_batch, int64_t index);

 private:
  enum class Kind { value, image, images };
  struct Reading {
    bool image = false, value = false;  // a path may be both
  };
  struct Column {
    std::string name;
    Kind kind;
    bool value;
  };
  Reading reading_of(const arrow::Field& field, Images images, const Columns& columns);
  static Kind kind_of(const arrow::Field& field, const Columns& columns);
  void refuse_unless_image(const arrow::Field& field) const;
  void add_image(Row& row, const Column& column, const arrow::Array& array, int64_t index);

  std::filesystem::path file_;
  std::vector<Column> columns_;
  std::vector<int> fields_;
  RowBudget budget_;
  std::vector<std::string> unread_;
  bool has_named_images_ = false;  // others are not read
};

}  // namespace vlrm
