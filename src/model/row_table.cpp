#include "model/row_table.h"

#include "base/error.h"
#include "model/index_tensor.h"

namespace vlrm {

RowTable::RowTable(const WeightReader& reader, std::string name, int64_t rows, int64_t columns, bool streamed)
    : reader_(reader), name_(std::move(name)), rows_(rows), columns_(columns) {
  check(reader_);
  if (!streamed) resident_ = reader_.matrix(name_, rows, columns);
}

void RowTable::replace(const WeightReader& reader) {
  reader_ = reader;
  if (!resident_.defined()) return;
  resident_.reset();
  resident_ = reader_.matrix(name_, rows_, columns_);
}

at::Tensor RowTable::look_up(const std::vector<int64_t>& ids) const {
  for (const int64_t id : ids)
    if (id < 0 || id >= rows_)
      fail("{}: id {} is outside the {} rows of {}: tokenizer and weights do not belong together",
           reader_.checkpoint().description(), id, rows_, name_);
  if (!resident_.defined()) return reader_.gather_rows(name_, ids, columns_);
  return select_rows(resident_, ids).to(reader_.precision().compute_type);
}

}  // namespace vlrm
