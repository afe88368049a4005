#include "data/table_rows.h"

#include <arrow/util/utf8.h>

#include <set>

#include "base/error.h"
#include "data/cells.h"
#include "data/row_file.h"

namespace vlrm {
namespace {

bool is_binary_type(arrow::Type::type type) {
  return type == arrow::Type::BINARY || type == arrow::Type::LARGE_BINARY || type == arrow::Type::BINARY_VIEW;
}

// {bytes, path}; one of them may be of the type null, where a table has no other.
bool is_image_struct(const arrow::DataType& type) {
  if (type.id() != arrow::Type::STRUCT || type.num_fields() != 2) return false;
  const auto& fields = static_cast<const arrow::StructType&>(type);
  const auto bytes = fields.GetFieldByName("bytes"), path = fields.GetFieldByName("path");
  if (!bytes || !path) return false;
  const auto bytes_type = bytes->type()->id(), path_type = path->type()->id();
  const bool path_fits = is_text_or_binary(path_type) && !is_binary_type(path_type);
  return (is_binary_type(bytes_type) && (path_fits || path_type == arrow::Type::NA)) ||
         (bytes_type == arrow::Type::NA && path_fits);
}

}  // namespace

TableRows::Kind TableRows::kind_of(const arrow::DataType& type, bool named_as_image) {
  const auto is_image = [&](const arrow::DataType& each) {
    return is_image_struct(each) || is_binary_type(each.id()) || (named_as_image && is_text_or_binary(each.id()));
  };
  if (is_image(type)) return Kind::image;
  return is_list_type(type.id()) && is_image(*type.field(0)->type()) ? Kind::images : Kind::value;
}

TableRows::TableRows(const arrow::Schema& schema, std::filesystem::path file, Images images, const Columns& columns)
    : file_(std::move(file)), budget_(file_) {
  for (const auto& field : schema.fields())
    has_named_images_ |= columns && names_images(field->name()) && kind_of(*field->type(), false) != Kind::value;
  std::set<std::string> names;
  for (int i = 0; i < schema.num_fields(); ++i) {
    const auto& field = schema.field(i);
    const std::string& name = field->name();
    if (!is_read(*field, images, columns)) continue;
    if (!arrow::util::ValidateUTF8(name))
      fail("{}: the name of a column is not UTF-8: {}", file_.string(), printable(name));
    if (!names.insert(name).second) fail("{}: two columns are called \"{}\"", file_.string(), printable(name));
    check_column_type(*field->type(), name, file_.string());
    columns_.push_back({name, kind_of(*field->type(), is_wanted_image(columns, name))});
    fields_.push_back(i);
  }
}

bool TableRows::is_read(const arrow::Field& field, Images images, const Columns& columns) {
  if (columns && !columns->images.empty()) {
    if (is_wanted_image(columns, field.name())) return images == Images::with;
    if (kind_of(*field.type(), false) != Kind::value) return false;
  } else if (kind_of(*field.type(), false) != Kind::value) {
    return images == Images::with && (!has_named_images_ || names_images(field.name()));
  }
  if (is_wanted(columns, field.name())) return true;
  unread_.push_back(field.name());
  return false;
}

Row TableRows::row(const arrow::RecordBatch& batch, int64_t row_of_batch, int64_t index) {
  Row row;
  budget_.begin_row();
  row.index = index;
  row.values = OrderedJson::object();
  row.unread = unread_;
  row.source = fmt::format("{}, row {}", file_.string(), index);
  for (const Column& column : columns_) {
    const CellPlace place{row.source, column.name, budget_};
    const auto found = batch.GetColumnByName(column.name);
    if (!found) fail("{}: has no column \"{}\", which the schema names", row.source, printable(column.name));
    const arrow::Array& array = *found;
    if (column.kind == Kind::value) {
      row.values[column.name] = cell_value(array, row_of_batch, place);
    } else if (column.kind == Kind::image) {
      add_image(row, column, array, row_of_batch);
    } else if (const auto list = cell_list(array, row_of_batch, place)) {
      for (int64_t item = 0; item < list->count; ++item) add_image(row, column, *list->items, list->begin + item);
    }
  }
  return row;
}

void TableRows::add_image(Row& row, const Column& column, const arrow::Array& array, int64_t index) {
  const CellPlace place{row.source, column.name, budget_};
  std::optional<std::string_view> bytes;
  std::optional<std::string> path;
  if (is_binary_type(array.type_id())) {
    bytes = cell_bytes(array, index, place);
  } else if (is_text_or_binary(array.type_id())) {
    path = cell_text(array, index, place);
  } else if (!array.IsNull(index)) {
    const auto& cell = static_cast<const arrow::StructArray&>(array);
    bytes = cell_bytes(*cell.GetFieldByName("bytes"), index, place);
    path = cell_text(*cell.GetFieldByName("path"), index, place);
  }
  budget_.spend(1, bytes ? static_cast<int64_t>(bytes->size()) : 0, row.source);
  if (bytes && !bytes->empty())
    row.images.emplace_back(column.name, ImageCell{std::string(*bytes), {}});
  else if (path && !path->empty())
    row.images.emplace_back(column.name, ImageCell{{}, file_.parent_path() / *path});
}

}  // namespace vlrm
