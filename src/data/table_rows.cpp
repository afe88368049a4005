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

// {bytes, path, …}; one of them may be of the type null, where a table has no other.
bool is_image_struct(const arrow::DataType& type) {
  if (type.id() != arrow::Type::STRUCT) return false;
  const auto& fields = static_cast<const arrow::StructType&>(type);
  const auto bytes = fields.GetFieldByName("bytes"), path = fields.GetFieldByName("path");
  if (!bytes || !path) return false;
  const auto bytes_type = bytes->type()->id(), path_type = path->type()->id();
  const bool path_fits = is_text_or_binary(path_type) && !is_binary_type(path_type);
  return (is_binary_type(bytes_type) && (path_fits || path_type == arrow::Type::NA)) ||
         (bytes_type == arrow::Type::NA && path_fits);
}

}  // namespace

TableRows::TableRows(const arrow::Schema& schema, std::filesystem::path file, Images images, const Columns& columns)
    : file_(std::move(file)), budget_(file_) {
  for (const auto& field : schema.fields())
    has_named_images_ |= columns && names_images(field->name()) && kind_of(*field, columns) != Kind::value;
  std::set<std::string> names;
  for (int i = 0; i < schema.num_fields(); ++i) {
    const auto& field = schema.field(i);
    const std::string& name = field->name();
    const Reading reading = reading_of(*field, images, columns);
    if (!reading.image && !reading.value) continue;
    if (!arrow::util::ValidateUTF8(name))
      fail("{}: the name of a column is not UTF-8: {}", file_.string(), printable(name));
    if (!names.insert(name).second) fail("{}: two columns are called \"{}\"", file_.string(), printable(name));
    check_column_type(*field->type(), name, file_.string());
    columns_.push_back({name, reading.image ? kind_of(*field, columns) : Kind::value, reading.value});
    fields_.push_back(i);
  }
}

TableRows::Kind TableRows::kind_of(const arrow::Field& field, const Columns& columns) {
  const bool chosen = columns && !columns->images.empty();
  const bool named = chosen ? is_wanted_image(columns, field.name()) : columns && names_images(field.name());
  const auto is_image = [&](const arrow::DataType& each) {
    return is_image_struct(each) || is_binary_type(each.id()) || (named && is_text_or_binary(each.id()));
  };
  const arrow::DataType& type = *field.type();
  if (is_image(type)) return Kind::image;
  return is_list_type(type.id()) && is_image(*type.field(0)->type()) ? Kind::images : Kind::value;
}

// Whoever needs images must not go without them because a column is of another type.
void TableRows::refuse_unless_image(const arrow::Field& field) const {
  if (field.type()->id() == arrow::Type::NA) return;
  fail("{}: the column \"{}\" is of the type {}; images are structs of bytes and path, bytes, or paths as text",
       file_.string(), printable(field.name()), field.type()->ToString());
}

TableRows::Reading TableRows::reading_of(const arrow::Field& field, Images images, const Columns& columns) {
  const bool chosen = columns && !columns->images.empty(), with = images == Images::with;
  const Kind kind = kind_of(field, columns);
  const bool value = is_wanted(columns, field.name());
  if (chosen && is_wanted_image(columns, field.name())) {
    if (with && kind == Kind::value) refuse_unless_image(field);
    return {with, columns && value && is_text_or_binary(field.type()->id())};
  }
  if (kind != Kind::value) {
    const bool image = with && !chosen && (!has_named_images_ || names_images(field.name()));
    return {image, columns && value && arrow::is_string(field.type()->id())};
  }
  if (columns && !chosen && with && names_images(field.name()) && !value) refuse_unless_image(field);
  if (!value) unread_.push_back(field.name());
  return {false, value};
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
    if (column.value) row.values[column.name] = cell_value(array, row_of_batch, place);
    if (column.kind == Kind::value) continue;
    row.image_columns.push_back(column.name);
    if (column.kind == Kind::image) {
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
