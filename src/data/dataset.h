// Datasets as people have them: rows of values and images, read one after another.
#pragma once

#include <vlrm/dataset.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace vlrm {

// An image that a row holds or names: encoded bytes (JPEG, PNG, …), or, where `bytes` is empty, a file to read. A
// relative path of the dataset is relative to the file that holds the row, and stands here joined to its directory.
struct ImageCell {
  std::string bytes;
  std::filesystem::path path;
  std::filesystem::path folder = {};  // of the dataset, which a stranger's path may leave
};

struct Row {
  int64_t index = 0;   // position in the whole dataset, from 0
  OrderedJson values;  // an object: every column but the images, in the file's order; null where the cell is null
  // (column, image) in the order of columns. A null image is absent; a list of images gives its column several times.
  std::vector<std::pair<std::string, ImageCell>> images;
  std::vector<std::string> image_columns;  // whose images were read, be there one or none
  std::vector<std::string> unread;         // names of the columns of values that were not asked for
  std::string source;  // where the row stands, for errors: "DIR/file.parquet, row 17" (from 0), "file.jsonl, line 18"
};

// Rows that come without their images are read faster: parquet leaves those columns on the disk. `checked` is without,
// but throws Error for an image that the row names and that is no file.
enum class Images { with, without, checked };

// The columns that are wanted; nothing: all. What others hold is not read, and may be anything.
struct WantedColumns {
  WantedColumns(std::vector<std::string> of_values = {}, std::vector<std::string> of_images = {})
      : values(std::move(of_values)), images(std::move(of_images)) {}
  // In JSON, a column of images that is named here gives the paths as they are spelled, too.
  std::vector<std::string> values;
  // Structs, bytes or paths. If none is named: those called "image", "images" or "image_N", in capitals or not, if a
  // table has any of these, and else every column of structs or bytes.
  std::vector<std::string> images;
};
using Columns = std::optional<WantedColumns>;

class RowStream {
 public:
  virtual ~RowStream() = default;
  // The next row, or nothing after the last. Throws Error for what is malformed, naming file, row and column.
  virtual std::optional<Row> next() = 0;
};

// A dataset, opened: its files are found and their rows counted, none is read. Parquet is read a row group at a time,
// in small batches of rows; Arrow a record batch at a time; JSON lines a line at a time.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual int64_t rows() const = 0;
  // The rows from `first` on (0 to rows()); what lies before is skipped without being decoded where the format allows
  // it. A stream may outlive its dataset, and several may be read at once, each by one thread at a time.
  virtual std::unique_ptr<RowStream> stream(int64_t first, Images images = Images::with,
                                            const Columns& columns = {}) const = 0;
  // One line for people: where it was found, config and split, files and rows.
  virtual std::string description() const = 0;
  // 32 hex digits of what the files hold, in the order of their rows, and the image files that they name; not of their
  // names and times. The first call reads them (see file_digest). `images`: the columns that name image files; none:
  // those called "image", "images" or "image_N". Throws Error naming a file that cannot be read.
  virtual std::string stamp(const std::vector<std::string>& images = {}) const = 0;
};

// Opens
//   - a file: .parquet; .arrow; .jsonl, .ndjson or .json (one object a line, or in .json one array of objects; images
//   are paths in
//     the fields "image", "images", "image_1"…, relative to the file);
//   - a directory saved by the `datasets` library (state.json, or dataset_dict.json with a folder a split);
//   - a directory as the hub serves it: the configs of README.md's front matter, or else the names of folders (configs)
//     and files (splits: test-00000-of-00002.parquet, val.jsonl, train/…); parquet before Arrow before
//     .jsonl;
//   - such a directory of the hub, by id: in its local cache, or downloaded into it (see resolve_dataset).
// Throws Error naming what is missing or malformed; where several configs or splits are there and none is chosen, the
// line lists them.
std::unique_ptr<Dataset> open_dataset(const DatasetName& name);

}  // namespace vlrm
