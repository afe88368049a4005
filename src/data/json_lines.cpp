#include <fstream>

#include "base/error.h"
#include "base/file.h"
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

// A value for who asks for it by name, an image for the rest.
void add_field(Row& row, const std::string& name, OrderedJson& value, const fs::path& directory, Images images,
               const Columns& columns) {
  const bool chosen = columns && !columns->images.empty();
  const bool is_image = chosen ? is_wanted_image(columns, name) : names_images(name);
  if (is_image && images != Images::without) {
    row.image_columns.push_back(name);
    add_images(row, name, value, directory);
  }
  if (is_wanted(columns, name) && (!is_image || columns))
    row.values[name] = std::move(value);
  else if (!is_image)
    row.unread.push_back(name);
}

Row row_of(OrderedJson fields, const std::string& source, const fs::path& directory, Images images,
           const Columns& columns) {
  Row row;
  row.source = source;
  row.values = OrderedJson::object();
  for (const auto& field : fields.items()) add_field(row, field.key(), field.value(), directory, images, columns);
  if (images == Images::checked) check_images(row);
  return row;
}

Row parse_row(const std::string& line, const std::string& source, const fs::path& directory, Images images,
              const Columns& columns) {
  if (line[line.find_first_not_of(" \t")] != '{')
    fail("{}: must be a JSON object; a file of rows holds one on each line", source);
  return row_of(parse_python_json_or_throw(line, source), source, directory, images, columns);
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

constexpr int64_t kLargestArray = int64_t{128} << 20;  // bytes

class JsonArrayRows : public RowStream {
 public:
  JsonArrayRows(std::shared_ptr<const OrderedJson> rows, fs::path path, int64_t first, Images images, Columns columns)
      : rows_(std::move(rows)),
        path_(std::move(path)),
        images_(images),
        columns_(std::move(columns)),
        index_(static_cast<size_t>(first)) {}

  std::optional<Row> next() override {
    if (index_ >= rows_->size()) return std::nullopt;
    const std::string source = fmt::format("{}, row {}", path_.string(), index_);
    const OrderedJson& fields = (*rows_)[index_];
    if (!fields.is_object()) fail("{}: must be a JSON object", source);
    Row row = row_of(fields, source, path_.parent_path(), images_, columns_);
    row.index = static_cast<int64_t>(index_++);
    return row;
  }

 private:
  const std::shared_ptr<const OrderedJson> rows_;
  const fs::path path_;
  const Images images_;
  const Columns columns_;
  size_t index_;
};

class JsonArrayFile : public RowFile {
 public:
  explicit JsonArrayFile(fs::path path)
      : path_(std::move(path)),
        rows_(std::make_shared<const OrderedJson>(
            parse_python_json_or_throw(read_text_or_throw(path_, kLargestArray), path_.string()))) {}
  int64_t rows() const override { return std::ssize(*rows_); }
  std::unique_ptr<RowStream> stream(int64_t first, Images images, const Columns& columns) const override {
    return std::make_unique<JsonArrayRows>(rows_, path_, first, images, columns);
  }

 private:
  const fs::path path_;
  const std::shared_ptr<const OrderedJson> rows_;
};

}  // namespace

bool holds_json_array(const fs::path& path) {
  std::ifstream file(path);
  char first = 0;
  return file >> first && first == '[';
}

std::unique_ptr<RowFile> open_json_array(const fs::path& path) {
  return std::make_unique<JsonArrayFile>(path);
}

std::unique_ptr<RowFile> open_json_lines(const fs::path& path) {
  return std::make_unique<JsonLinesFile>(path);
}

}  // namespace vlrm
