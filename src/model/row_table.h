// A table whose rows are looked up: token and tile embeddings.
#pragma once

#include "model/weight_reader.h"

namespace vlrm {

// Streamed, only the rows that are asked for are ever read.
class RowTable {
 public:
  RowTable(const WeightReader& reader, std::string name, int64_t rows, int64_t columns, bool streamed);

  // Throws Error where the table that `reader` has under the same name is another in shape.
  void check(const WeightReader& reader) const { reader.require(name_, {rows_, columns_}); }
  // That table in place of this one, which is dropped first. It must have been checked.
  void replace(const WeightReader& reader);

  int64_t rows() const { return rows_; }
  // [ids, columns] in the compute type. Throws Error for an id outside the table.
  at::Tensor look_up(const std::vector<int64_t>& ids) const;

 private:
  WeightReader reader_;
  std::string name_;
  int64_t rows_, columns_;
  at::Tensor resident_;
};

}  // namespace vlrm
