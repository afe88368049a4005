#include <algorithm>

#include <arrow/io/file.h>
#include <arrow/memory_pool.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>

#include "data/arrow_errors.h"
#include "data/table_files.h"
#include "data/table_rows.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr int64_t kRowsOfBatch = 4;          // images of megabytes each are held for so many rows
constexpr int64_t kRowsWithoutImages = 256;  // small ones
constexpr int64_t kReadAtOnce = 256 * 1024;  // bytes of a column chunk

using Metadata = std::shared_ptr<parquet::FileMetaData>;

std::unique_ptr<parquet::ParquetFileReader> open_reader(const fs::path& path, arrow::MemoryPool* pool,
                                                        Metadata metadata) {
  auto file = value_of(arrow::io::ReadableFile::Open(path.string(), pool), path);
  parquet::ReaderProperties properties(pool);
  properties.enable_buffered_stream();  // else a whole column chunk is read at once
  properties.set_buffer_size(kReadAtOnce);
  properties.set_page_checksum_verification(true);
  return parquet::ParquetFileReader::Open(std::move(file), properties, std::move(metadata));
}

// It keeps its reader's pool, which must live as long.
Metadata read_metadata(const fs::path& path) {
  return open_reader(path, arrow::system_memory_pool(), nullptr)->metadata();
}

// The columns of the file that hold a field: a struct or a list has them in its children.
void add_columns(const parquet::arrow::SchemaField& field, std::vector<int>& columns) {
  if (field.is_leaf()) columns.push_back(field.column_index);
  for (const auto& child : field.children) add_columns(child, columns);
}

class ParquetRows : public RowStream {
 public:
  ParquetRows(const fs::path& path, const Metadata& metadata, int64_t first, Images images, Columns wanted)
      : path_(path), metadata_(metadata), images_(images), wanted_(std::move(wanted)), pool_(path) {
    open(first, images == Images::with ? kRowsOfBatch : kRowsWithoutImages);
  }

  std::optional<Row> next() override {
    return translated(path_, [&]() -> std::optional<Row> {
      while (!batch_ || in_batch_ == batch_->num_rows())
        if (!next_batch()) return std::nullopt;
      return rows_->row(*batch_, in_batch_++, index_++);
    });
  }

 private:
  // Starts reading at row `first`, `rows_at_once` rows in each batch.
  void open(int64_t first, int64_t rows_at_once) {
    batch_.reset();
    batches_.reset();
    pool_.forgive();
    rows_at_once_ = rows_at_once;
    parquet::ArrowReaderProperties properties(/*use_threads=*/false);
    properties.set_batch_size(rows_at_once);
    properties.set_pre_buffer(false);  // would hold whole row groups
    reader_ =
        value_of(parquet::arrow::FileReader::Make(&pool_, open_reader(path_, &pool_, metadata_), properties), path_);
    std::shared_ptr<arrow::Schema> schema;
    check(reader_->GetSchema(&schema), path_);
    if (!rows_) rows_ = std::make_unique<TableRows>(*schema, path_, images_, wanted_);
    columns_.clear();
    for (const int field : rows_->fields())
      add_columns(reader_->manifest().schema_fields.at(static_cast<size_t>(field)), columns_);
    group_ = 0;
    index_ = 0;
    while (group_ < metadata_->num_row_groups() && index_ + rows_of(group_) <= first) index_ += rows_of(group_++);
    batch_start_ = group_end_ = index_;
    skip_ = first - index_;
  }

  int64_t rows_of(int group) const { return metadata_->RowGroup(group)->num_rows(); }

  // A batch of large rows may be too much where one of them is not.
  bool next_batch() {
    const int64_t read = batch_ ? batch_->num_rows() : 0;
    batch_start_ += read;
    batch_.reset();
    if (batch_start_ == group_end_ && !next_group()) return false;
    const arrow::Status status = batches_->ReadNext(&batch_);
    if (pool_.was_exceeded() && rows_at_once_ > 1) {
      open(index_ + skip_, 1);
      return next_batch();
    }
    pool_.check(fmt::format("{}, row {}", path_.string(), index_));
    check(status, path_);
    if (!batch_ || batch_->num_rows() == 0 || batch_->num_rows() > group_end_ - batch_start_)
      fail_unreadable(path_, fmt::format("row group {} does not have the {} rows that the footer says", group_ - 1,
                                         rows_of(group_ - 1)));
    check(batch_->Validate(), path_);
    in_batch_ = std::min(skip_, batch_->num_rows());
    skip_ -= in_batch_;
    index_ += in_batch_;
    return true;
  }

  bool next_group() {
    batches_.reset();
    while (group_ < metadata_->num_row_groups() && rows_of(group_) == 0) ++group_;
    if (group_ == metadata_->num_row_groups()) return false;
    group_end_ += rows_of(group_);
    batches_ = value_of(reader_->GetRecordBatchReader({group_++}, columns_), path_);
    return true;
  }

  fs::path path_;
  Metadata metadata_;
  const Images images_;
  const Columns wanted_;
  TablePool pool_;  // of all below
  int64_t rows_at_once_ = 0;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::unique_ptr<TableRows> rows_;
  std::vector<int> columns_;                           // to read
  int group_ = 0;                                      // the next to read
  std::unique_ptr<arrow::RecordBatchReader> batches_;  // of the one before it, whose rows end at
  int64_t group_end_ = 0;
  std::shared_ptr<arrow::RecordBatch> batch_;
  int64_t batch_start_ = 0, in_batch_ = 0;
  int64_t index_ = 0;  // of the next row
  int64_t skip_ = 0;   // rows of the group that come before the first
};

class ParquetFile : public RowFile {
 public:
  explicit ParquetFile(const fs::path& path) : path_(path), metadata_(read_metadata(path)) {
    check_row_count(metadata_->num_rows(), path);
    int64_t rows = 0;
    for (int group = 0; group < metadata_->num_row_groups(); ++group) {
      const int64_t more = metadata_->RowGroup(group)->num_rows();
      if (more < 0 || more > metadata_->num_rows() - rows)
        fail_unreadable(path_, "the rows of its row groups are not as many as the footer says");
      rows += more;
    }
    if (rows != metadata_->num_rows())
      fail_unreadable(path_, "the rows of its row groups are not as many as the footer says");
  }
  int64_t rows() const override { return metadata_->num_rows(); }
  std::unique_ptr<RowStream> stream(int64_t first, Images images, const Columns& columns) const override {
    return translated(path_, [&] { return std::make_unique<ParquetRows>(path_, metadata_, first, images, columns); });
  }

 private:
  fs::path path_;
  Metadata metadata_;
};

}  // namespace

std::unique_ptr<RowFile> open_parquet(const fs::path& path) {
  return std::make_unique<ParquetFile>(path);
}

}  // namespace vlrm
