#include "data/cells.h"

#include <arrow/extension_type.h>
#include <arrow/scalar.h>
#include <arrow/util/float16.h>
#include <arrow/util/utf8.h>

#include "base/error.h"

namespace vlrm {
namespace {

using arrow::Type;

constexpr int kDeepestType = 32;

[[noreturn]] void fail_malformed(const CellPlace& place) {
  fail("{}: column \"{}\" is malformed: its offsets point outside of its data", place.row, printable(place.column));
}

// Bytes [begin, begin + count) of a buffer.
std::string_view within(const std::shared_ptr<arrow::Buffer>& buffer, int64_t begin, int64_t count,
                        const CellPlace& place) {
  if (count == 0) return {};
  if (!buffer || begin < 0 || count < 0 || begin > buffer->size() - count) fail_malformed(place);
  return {reinterpret_cast<const char*>(buffer->data()) + begin, static_cast<size_t>(count)};
}

template <class ArrayType>
std::string_view bytes_by_offsets(const arrow::Array& array, int64_t index, const CellPlace& place) {
  const auto& typed = static_cast<const ArrayType&>(array);
  const auto* offsets = typed.raw_value_offsets();
  const int64_t begin = offsets[index], end = offsets[index + 1];
  if (begin < 0 || end < begin) fail_malformed(place);
  return within(typed.value_data(), begin, end - begin, place);
}

std::string_view bytes_of_view(const arrow::Array& array, int64_t index, const CellPlace& place) {
  const auto& view = static_cast<const arrow::BinaryViewArray&>(array).raw_values()[index];
  if (view.size() < 0) fail_malformed(place);
  if (view.is_inline()) return {reinterpret_cast<const char*>(view.inline_data()), static_cast<size_t>(view.size())};
  const auto& buffers = array.data()->buffers;  // validity, views, then those that views point into
  const int64_t buffer = int64_t{view.ref.buffer_index} + 2;
  if (buffer < 2 || buffer >= static_cast<int64_t>(buffers.size())) fail_malformed(place);
  return within(buffers[static_cast<size_t>(buffer)], view.ref.offset, view.size(), place);
}

template <class ArrayType>
CellList list_of(const arrow::Array& array, int64_t index, const CellPlace& place) {
  const auto& list = static_cast<const ArrayType&>(array);
  const int64_t begin = list.value_offset(index), count = list.value_length(index);
  const int64_t available = list.values()->length();
  if (begin < 0 || count < 0 || begin > available - count) fail_malformed(place);
  return {list.values().get(), begin, count};
}

template <class ArrayType>
auto number(const arrow::Array& array, int64_t index) {
  return static_cast<const ArrayType&>(array).Value(index);
}

std::string text(std::string_view bytes, const CellPlace& place) {
  place.budget.spend(0, static_cast<int64_t>(bytes.size()), place.row);
  if (!arrow::util::ValidateUTF8(bytes))
    fail("{}: column \"{}\" is not UTF-8 text: {}", place.row, printable(place.column), printable(bytes, 60));
  return std::string(bytes);
}

OrderedJson list_value(const CellList& list, const CellPlace& place) {
  OrderedJson values = OrderedJson::array();
  for (int64_t i = 0; i < list.count; ++i) values.push_back(cell_value(*list.items, list.begin + i, place));
  return values;
}

OrderedJson struct_value(const arrow::StructArray& array, int64_t index, const CellPlace& place) {
  OrderedJson object = OrderedJson::object();
  for (int i = 0; i < array.num_fields(); ++i)
    object[array.struct_type()->field(i)->name()] = cell_value(*array.field(i), index, place);
  return object;
}

OrderedJson map_value(const arrow::MapArray& map, int64_t index, const CellPlace& place) {
  const CellList list = list_of<arrow::ListArray>(map, index, place);
  if (map.keys()->length() < list.begin + list.count || map.items()->length() < list.begin + list.count)
    fail_malformed(place);
  OrderedJson pairs = OrderedJson::array();
  for (int64_t i = list.begin; i < list.begin + list.count; ++i)
    pairs.push_back(OrderedJson::array({cell_value(*map.keys(), i, place), cell_value(*map.items(), i, place)}));
  return pairs;
}

OrderedJson dictionary_value(const arrow::DictionaryArray& array, int64_t index, const CellPlace& place) {
  const int64_t entry = array.GetValueIndex(index);
  if (entry < 0 || entry >= array.dictionary()->length()) fail_malformed(place);
  return cell_value(*array.dictionary(), entry, place);
}

std::string written_by_arrow(const arrow::Array& array, int64_t index, const CellPlace& place) {
  const auto scalar = array.GetScalar(index);
  if (!scalar.ok()) fail("{}: column \"{}\": {}", place.row, printable(place.column), scalar.status().message());
  return text((*scalar)->ToString(), place);
}

}  // namespace

bool is_text_or_binary(Type::type type) {
  switch (type) {
    case Type::STRING:
    case Type::BINARY:
    case Type::LARGE_STRING:
    case Type::LARGE_BINARY:
    case Type::STRING_VIEW:
    case Type::BINARY_VIEW:
    case Type::FIXED_SIZE_BINARY:
      return true;
    default:
      return false;
  }
}

bool is_list_type(Type::type type) {
  switch (type) {
    case Type::LIST:
    case Type::LARGE_LIST:
    case Type::LIST_VIEW:
    case Type::LARGE_LIST_VIEW:
    case Type::FIXED_SIZE_LIST:
      return true;
    default:
      return false;
  }
}

std::optional<std::string_view> cell_bytes(const arrow::Array& array, int64_t index, const CellPlace& place) {
  if (array.IsNull(index)) return std::nullopt;
  switch (array.type_id()) {
    case Type::STRING:
    case Type::BINARY:
      return bytes_by_offsets<arrow::BinaryArray>(array, index, place);
    case Type::LARGE_STRING:
    case Type::LARGE_BINARY:
      return bytes_by_offsets<arrow::LargeBinaryArray>(array, index, place);
    case Type::STRING_VIEW:
    case Type::BINARY_VIEW:
      return bytes_of_view(array, index, place);
    case Type::FIXED_SIZE_BINARY:
      return static_cast<const arrow::FixedSizeBinaryArray&>(array).GetView(index);
    default:
      return std::nullopt;
  }
}

std::optional<std::string> cell_text(const arrow::Array& array, int64_t index, const CellPlace& place) {
  const auto bytes = cell_bytes(array, index, place);
  return bytes ? std::optional(text(*bytes, place)) : std::nullopt;
}

std::optional<CellList> cell_list(const arrow::Array& array, int64_t index, const CellPlace& place) {
  if (array.IsNull(index)) return std::nullopt;
  switch (array.type_id()) {
    case Type::LIST:
      return list_of<arrow::ListArray>(array, index, place);
    case Type::LARGE_LIST:
      return list_of<arrow::LargeListArray>(array, index, place);
    case Type::LIST_VIEW:
      return list_of<arrow::ListViewArray>(array, index, place);
    case Type::LARGE_LIST_VIEW:
      return list_of<arrow::LargeListViewArray>(array, index, place);
    case Type::FIXED_SIZE_LIST:
      return list_of<arrow::FixedSizeListArray>(array, index, place);
    default:
      return std::nullopt;
  }
}

OrderedJson cell_value(const arrow::Array& array, int64_t index, const CellPlace& place) {
  place.budget.spend(1, 0, place.row);
  if (array.IsNull(index)) return nullptr;
  const Type::type type = array.type_id();
  if (is_text_or_binary(type)) return *cell_text(array, index, place);
  if (is_list_type(type)) return list_value(*cell_list(array, index, place), place);
  switch (type) {
    case Type::BOOL:
      return number<arrow::BooleanArray>(array, index);
    case Type::INT8:
      return number<arrow::Int8Array>(array, index);
    case Type::INT16:
      return number<arrow::Int16Array>(array, index);
    case Type::INT32:
      return number<arrow::Int32Array>(array, index);
    case Type::INT64:
      return number<arrow::Int64Array>(array, index);
    case Type::UINT8:
      return number<arrow::UInt8Array>(array, index);
    case Type::UINT16:
      return number<arrow::UInt16Array>(array, index);
    case Type::UINT32:
      return number<arrow::UInt32Array>(array, index);
    case Type::UINT64:
      return number<arrow::UInt64Array>(array, index);
    case Type::HALF_FLOAT:
      return arrow::util::Float16::FromBits(number<arrow::HalfFloatArray>(array, index)).ToDouble();
    case Type::FLOAT:
      return static_cast<double>(number<arrow::FloatArray>(array, index));
    case Type::DOUBLE:
      return number<arrow::DoubleArray>(array, index);
    case Type::STRUCT:
      return struct_value(static_cast<const arrow::StructArray&>(array), index, place);
    case Type::MAP:
      return map_value(static_cast<const arrow::MapArray&>(array), index, place);
    case Type::DICTIONARY:
      return dictionary_value(static_cast<const arrow::DictionaryArray&>(array), index, place);
    case Type::EXTENSION:
      return cell_value(*static_cast<const arrow::ExtensionArray&>(array).storage(), index, place);
    default:
      return written_by_arrow(array, index, place);
  }
}

void check_column_type(const arrow::DataType& type, const std::string& column, const std::string& file, int depth) {
  if (depth > kDeepestType) fail("{}: column \"{}\" is nested too deeply", file, printable(column));
  const auto& inner = type.id() == Type::EXTENSION    ? *static_cast<const arrow::ExtensionType&>(type).storage_type()
                      : type.id() == Type::DICTIONARY ? *static_cast<const arrow::DictionaryType&>(type).value_type()
                                                      : type;
  if (&inner != &type) return check_column_type(inner, column, file, depth + 1);
  if (type.id() == Type::SPARSE_UNION || type.id() == Type::DENSE_UNION || type.id() == Type::RUN_END_ENCODED)
    fail("{}: column \"{}\" is of type {}, which is not read", file, printable(column), printable(type.ToString()));
  for (const auto& field : type.fields()) {
    if (!arrow::util::ValidateUTF8(field->name()))
      fail("{}: column \"{}\" has a field whose name is not UTF-8: {}", file, printable(column),
           printable(field->name()));
    check_column_type(*field->type(), column, file, depth + 1);
  }
}

}  // namespace vlrm
