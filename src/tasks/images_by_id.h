// The images that a dataset has under an id.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/dataset.h"
#include "vision/image.h"

namespace vlrm {

// Where a dataset's rows stand by their id; of several with one id, the last, as in the reference. Reads all rows
// once, without images.
class RowsById {
 public:
  // No column: "id", if there is one, else rows are known by their numbers, from 0. Throws Error where the dataset has
  // no such column.
  RowsById(std::shared_ptr<const Dataset> data, const std::string& id_column);
  // Throws Error naming `source` where no row has this id.
  int64_t find_or_throw(const OrderedJson& id, const std::string& source) const;
  const std::shared_ptr<const Dataset>& data() const { return data_; }

 private:
  std::shared_ptr<const Dataset> data_;
  std::string id_column_;
  std::map<std::string, int64_t> rows_;  // by the id as JSON
};

// Images of single rows. Mostly they are asked for in the dataset's order, so it reads on from where it stands.
class ImageReader {
 public:
  // `columns`: which are read, of images only.
  explicit ImageReader(std::shared_ptr<const Dataset> data, WantedColumns columns = {})
      : data_(std::move(data)), columns_(std::move(columns)) {}
  std::vector<EncodedImage> images_of(int64_t row);

 private:
  std::shared_ptr<const Dataset> data_;
  WantedColumns columns_;
  std::unique_ptr<RowStream> rows_;
  std::optional<Row> last_;  // that was read
};

}  // namespace vlrm
