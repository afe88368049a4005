#include "tasks/images_by_id.h"

#include "base/error.h"
#include "base/listening.h"
#include "tasks/row_fields.h"

namespace vlrm {

RowsById::RowsById(std::shared_ptr<const Dataset> data, const std::string& id_column)
    : data_(std::move(data)), id_column_(id_column.empty() ? "id" : id_column) {
  const bool may_be_number = id_column.empty();
  int64_t repeated = 0;
  const auto rows = data_->stream(0, Images::without, WantedColumns({id_column_}));
  while (auto row = rows->next()) {
    const bool is_number = may_be_number && !row->values.contains(id_column_);
    const OrderedJson id = is_number ? OrderedJson(row->index) : RowFields(*row).id(id_column_);
    repeated += rows_.contains(id.dump());
    rows_.insert_or_assign(id.dump(), row->index);
  }
  if (repeated > 0)
    tell_warning(fmt::format("{}: {} rows have an id of a row before them; the images of the last one are shown",
                             data_->description(), repeated));
}

int64_t RowsById::find_or_throw(const OrderedJson& id, const std::string& source) const {
  const auto found = rows_.find(id.dump());
  if (found == rows_.end())
    fail("{}: {} has no row with the {} {}", source, data_->description(), id_column_, printable(id.dump()));
  return found->second;
}

std::vector<EncodedImage> ImageReader::images_of(int64_t row) {
  if (!last_ || last_->index > row) {
    rows_ = data_->stream(row, Images::with, columns_);
    last_ = rows_->next();
  }
  while (last_ && last_->index < row) last_ = rows_->next();
  if (!last_) fail("{}: ends before row {}, and did not before", data_->description(), row);
  Row copy = *last_;  // it may be asked for again
  return RowFields(copy).take_images();
}

}  // namespace vlrm
