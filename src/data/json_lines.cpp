#include "base/error.h"
#include "base/line_reader.h"
#include "data/row_file.h"
#include "python/json.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

// An image as a path, or as the object {"path": …} that tables are often exported to; a list of them in `images`.
void add_images(Row& row, const std::string& field, const OrderedJson& value, const fs::path& directory) {
  if (value.is_null()) return;
  if (value.is_array()) {
    for (const auto& each : value) {
      if (each.is_array()) fail("{}: \"{}\" is a list of lists; paths of images are needed", row.source, field);
      add_images(row, field, each, directory);
    }
    return;
  }
  const auto named = value.is_object() ? value.find("path") : value.end();
  const OrderedJson& path = named != value.end() ? *named : value;
  if (!path.is_string() || path.get_ref<const std::string&>().empty())
    fail("{}: \"{}\" must be the path of an image file, or a list of them", row.source, printable(field));
  row.images.emplace_back(field, ImageCell{"", directory / path.get<std::string>()});
}

void check_images(Row& row) {
  for (const auto& [field, image] : row.images)
    if (std::error_code error; !fs::is_regular_file(image.path, error))
      fail("{}: \"{}\" names {}, which is not there", row.source, printable(field), image.path.string());
  row.images.clear();
}

Row parse_row(const std::string& line, const std::string& source, const fs::path& directory, Images images,
              const Columns& columns) {
  Row row;
  row.source = source;
  if (line[line.find_first_not_of(" \t")] != '{')
    fail("{}: must be a JSON object; a file of rows holds one on each line", source);
  OrderedJson fields = parse_python_json_or_throw(line, source);
  row.values = OrderedJson::object();
  for (const auto& field : fields.items()) {
    if (names_images(field.key())) {
      if (images != Images::without) add_images(row, field.key(), field.value(), directory);
    } else if (is_wanted(columns, field.key())) {
      row.values[field.key()] = std::move(field.value());
    } else {
      row.unread.push_back(field.key());
    }
  }
  if (images == Images::checked) check_images(row);
  return row;
}

class JsonLines : public RowStream {
 public:
  JsonLines(const fs::path& path, int64_t first, Images images, Columns columns)
      : lines_(path.string()), directory_(path.parent_path()), images_(images), columns_(std::move(columns)) {
    std::string skipped;
    while (index_ < first && lines_.next_not_blank(skipped)) ++index_;
  }

  std::optional<Row> next() override {
    std::string line;
    if (!lines_.next_not_blank(line)) return std::nullopt;
    Row row = parse_row(line, lines_.source(), directory_, images_, columns_);
    row.index = index_++;
    return row;
  }

 private:
  LineReader lines_;
  fs::path directory_;
  const Images images_;
  const Columns columns_;
  int64_t index_ = 0;
};

class JsonLinesFile : public RowFile {
 public:
  explicit JsonLinesFile(fs::path path) : path_(std::move(path)) {
    LineReader lines(path_.string());
    for (std::string line; lines.next_not_blank(line);) ++rows_;
  }
  int64_t rows() const override { return rows_; }
  std::unique_ptr<RowStream> stream(int64_t first, Images images, const Columns& columns) const override {
    return std::make_unique<JsonLines>(path_, first, images, columns);
  }

 private:
  fs::path path_;
  int64_t rows_ = 0;
};

}  // namespace

std::unique_ptr<RowFile> open_json_lines(const fs::path& path) {
  return std::make_unique<JsonLinesFile>(path);
}

}  // namespace vlrm
