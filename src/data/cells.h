// Single cells of Arrow's arrays. The arrays come from strangers' files: what Array::Validate() has not looked at
// (offsets, indices, UTF-8) is checked at each cell.
#pragma once

#include <arrow/array.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "data/table_limits.h"

namespace vlrm {

// Where a cell stands, for errors, and what it may cost.
struct CellPlace {
  const std::string& row;     // "file.parquet, row 17"
  const std::string& column;  // of the table, also for what is nested in it
  RowBudget& budget;
};

// The cell as JSON: null, bool, numbers, text; lists as arrays, structs as objects, a map as an array of [key, value].
// A dictionary's index gives its value. What JSON has no word for (times, dates, decimals) is text as Arrow writes it.
// Throws Error for text, or bytes, that are not UTF-8, and for more than the budget allows.
OrderedJson cell_value(const arrow::Array& array, int64_t index, const CellPlace& place);

// The bytes of a string's or binary's cell, within the array's buffers; nothing for null.
std::optional<std::string_view> cell_bytes(const arrow::Array& array, int64_t index, const CellPlace& place);

// The same as text: throws Error where it is not UTF-8.
std::optional<std::string> cell_text(const arrow::Array& array, int64_t index, const CellPlace& place);

// A list's cell: its part of `items`. Nothing for null.
struct CellList {
  const arrow::Array* items;
  int64_t begin, count;
};
std::optional<CellList> cell_list(const arrow::Array& array, int64_t index, const CellPlace& place);

bool is_text_or_binary(arrow::Type::type type);
bool is_list_type(arrow::Type::type type);

// Throws Error where a type of the column, or one nested in it, cannot be read: unions, run-end encoding, names of
// fields that are not UTF-8, nesting deeper than 32.
void check_column_type(const arrow::DataType& type, const std::string& column, const std::string& file, int depth = 0);

}  // namespace vlrm
