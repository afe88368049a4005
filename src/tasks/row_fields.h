// Reading a dataset's row by the names of its columns.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/dataset.h"
#include "results/row_id.h"
#include "vision/image.h"

namespace vlrm {

// Methods throw Error naming the row and the column that is missing or of another kind.
class RowFields {
 public:
  explicit RowFields(Row& row) : row_(row) {}
  const OrderedJson& any(const std::string& column) const;
  // The same, a float that is a whole number as an integer.
  OrderedJson id(const std::string& column) const;
  std::string text(const std::string& column) const;
  std::vector<std::string> texts(const std::string& column) const;
  // Indices of `count` responses, as many of them, as integers.
  OrderedJson ranking(const std::string& column, size_t count) const;
  // How right each of `count` responses is: a list of as many numbers, or of true and false.
  const OrderedJson& shares(const std::string& column, size_t count) const;
  // All images in the order of the columns. The row has none afterwards.
  std::vector<EncodedImage> take_images() const;

 private:
  [[noreturn]] void refuse(const std::string& column, const std::string& wanted) const;
  Row& row_;
};

// `name` with its empty fields taken from `fallback`.
DatasetName or_else(DatasetName name, const DatasetName& fallback);

// For run.json, which is read from any directory.
std::string whole_path(const std::filesystem::path& path);
// `images`: its columns of images, where they are not those of the usual names.
OrderedJson describe(const DatasetName& name, const Dataset& data, const std::vector<std::string>& images = {});

}  // namespace vlrm
