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

std::unique_ptr<parquet::ParquetFileReader> open_reader(const fs::path& path, Metadata metadata) {
  arrow::MemoryPool* pool = arrow::system_memory_pool();
  auto file = value_of(arrow::io::ReadableFile::Open(path.string(), pool), path);
  parquet::ReaderProperties properties(pool);
  properties.enable_buffered_stream();  // else a whole column chunk is read at once
  properties.set_buffer_size(kReadAtOnce);
  properties.set_page_checksum_verification(true);
  return parquet::ParquetFileReader::Open(std::move(file), properties, std::move(metadata));
}

// The columns of the file that hold a field: a struct or a list has them in its children.
void add_columns(const parquet::arrow::SchemaField& field, std::vector<int>& columns) {
  if (field.is_leaf()) columns.push_back(field.column_index);
  for (const auto& child : field.children) add_columns(child, columns);
}

class ParquetRows : public RowStream {
 public:
  ParquetRows(const fs::path& path, const Metadata& metadata, int64_t first, Images images, const Columns& columns)
      : path_(path), metadata_(metadata) {
    parquet::ArrowReaderProperties properties(/*use_threads=*/false);
    properties.set_batch_size(images == Images::with ? kRowsOfBatch : kRowsWithoutImages);
    properties.set_pre_buffer(false);  // would hold whole row groups
    reader_ = value_of(
        parquet::arrow::FileReader::Make(arrow::system_memory_pool(), open_reader(path, metadata), properties), path);
    std::shared_ptr<arrow::Schema> schema;
    check(reader_->GetSchema(&schema), path);
    rows_ = std::make_unique<TableRows>(*schema, path, images, columns);
    for (const int field : rows_->fields())
      add_columns(reader_->manifest().schema_fields.at(static_cast<size_t>(field)), columns_);
    while (group_ < metadata->num_row_groups() && index_ + rows_of(group_) <= first) index_ += rows_of(group_++);
    batch_start_ = group_end_ = index_;
    skip_ = first - index_;
  }

  std::optional<Row> next() override {
    return translated(path_, [&]() -> std::optional<Row> {
      while (!batch_ || in_batch_ == batch_->num_rows())
        if (!next_batch()) return std::nullopt;
      return rows_->row(*batch_, in_batch_++, index_++);
    });
  }

 private:
  int64_t rows_of(int group) const { return metadata_->RowGroup(group)->num_rows(); }

  bool next_batch() {
    const int64_t read = batch_ ? batch_->num_rows() : 0;
    batch_start_ += read;
    batch_.reset();
    if (batch_start_ == group_end_ && !next_group()) return false;
    check(batches_->ReadNext(&batch_), path_);
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
  explicit ParquetFile(const fs::path& path) : path_(path), metadata_(open_reader(path, nullptr)->metadata()) {
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
