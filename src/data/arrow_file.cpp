#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <arrow/memory_pool.h>

#include <functional>
#include <limits>

#include "data/arrow_errors.h"
#include "data/stream_messages.h"
#include "data/table_files.h"
#include "data/table_rows.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

using Messages = std::vector<StreamMessage>;
using FilePtr = std::shared_ptr<arrow::io::RandomAccessFile>;

FilePtr open_file(const fs::path& path, arrow::MemoryPool* pool) {
  return value_of(arrow::io::ReadableFile::Open(path.string(), pool), path);
}

bool is_batch(const StreamMessage& message) {
  return message.type == arrow::ipc::MessageType::RECORD_BATCH;
}

// The messages of a file without the record batches that hold none but rows before `first`. Schema and dictionaries
// stay, so that what follows them can be read.
class MessagesFrom : public arrow::ipc::MessageReader {
 public:
  MessagesFrom(FilePtr file, std::shared_ptr<const Messages> messages, int64_t first)
      : file_(std::move(file)), messages_(std::move(messages)), skip_(first) {}

  arrow::Result<std::unique_ptr<arrow::ipc::Message>> ReadNextMessage() override {
    while (next_ < messages_->size() && is_batch((*messages_)[next_]) && (*messages_)[next_].rows <= skip_)
      skip_ -= (*messages_)[next_++].rows;
    if (next_ == messages_->size()) return nullptr;
    if (is_batch((*messages_)[next_])) skip_ = -1;
    return read_message(*file_, (*messages_)[next_++]);
  }

 private:
  FilePtr file_;
  std::shared_ptr<const Messages> messages_;
  size_t next_ = 0;
  int64_t skip_;
};

// Where the record batches of a file stand.
struct Layout {
  bool has_footer;
  std::shared_ptr<const Messages> messages;  // of a file with a footer, its record batches only
};

using NextBatch = std::function<std::shared_ptr<arrow::RecordBatch>()>;  // null after the last

// The batches from the one on that holds the row `first`, and their schema.
struct Batches {
  std::shared_ptr<arrow::Schema> schema;
  NextBatch next;
};

Batches open_batches(const fs::path& path, arrow::MemoryPool* pool, const Layout& layout, int64_t first,
                     const std::vector<int>& fields) {
  auto options = arrow::ipc::IpcReadOptions::Defaults();
  options.memory_pool = pool;
  options.use_threads = false;
  options.ensure_alignment = arrow::ipc::Alignment::kDataTypeSpecificAlignment;
  options.included_fields = fields;
  if (layout.has_footer) {
    // Threads of libarrow read the footer, and may give its buffers back when `pool` is gone.
    const FilePtr bytes = open_file(path, arrow::system_memory_pool());
    const auto file = value_of(arrow::ipc::RecordBatchFileReader::Open(bytes, options), path);
    size_t start = 0;
    for (; start < layout.messages->size() && (*layout.messages)[start].rows <= first; ++start)
      first -= (*layout.messages)[start].rows;
    return {file->schema(), [path, file, at = static_cast<int>(start)]() mutable {
              return at < file->num_record_batches() ? value_of(file->ReadRecordBatch(at++), path) : nullptr;
            }};
  }
  const auto stream =
      value_of(arrow::ipc::RecordBatchStreamReader::Open(
                   std::make_unique<MessagesFrom>(open_file(path, pool), layout.messages, first), options),
               path);
  return {stream->schema(), [path, stream] {
            std::shared_ptr<arrow::RecordBatch> batch;
            check(stream->ReadNext(&batch), path);
            return batch;
          }};
}

class ArrowRows : public RowStream {
 public:
  ArrowRows(const fs::path& path, const Layout& layout, int64_t first, Images images, const Columns& columns)
      : path_(path),
        pool_(path),
        index_(first),
        rows_(*open_batches(path, &pool_, layout, first, {}).schema, path, images, columns),
        next_(open_batches(path, &pool_, layout, first, rows_.fields()).next) {
    for (const auto& message : *layout.messages) rows_left_ += message.rows;
    rows_left_ -= first;
    int64_t before = 0;  // rows of the batches that are skipped whole
    for (const auto& message : *layout.messages) {
      if (is_batch(message) && before + message.rows > first) break;
      before += message.rows;
    }
    in_batch_ = first - before;
  }

  std::optional<Row> next() override {
    if (rows_left_ == 0) return std::nullopt;
    return translated(path_, [&]() -> std::optional<Row> {
      while (!batch_ || in_batch_ >= batch_->num_rows()) next_batch();
      --rows_left_;
      return rows_.row(*batch_, in_batch_++, index_++);
    });
  }

 private:
  void next_batch() {
    if (batch_) in_batch_ = 0;
    batch_.reset();
    try {
      batch_ = next_();
    } catch (const Error&) {
      pool_.check(fmt::format("{}, row {}", path_.string(), index_));
      throw;
    }
    if (!batch_) fail_unreadable(path_, fmt::format("it ends before row {}", index_));
    check(batch_->Validate(), path_);
  }

  fs::path path_;
  TablePool pool_;  // of all below
  int64_t index_;   // of the next row
  TableRows rows_;
  NextBatch next_;
  std::shared_ptr<arrow::RecordBatch> batch_;
  int64_t in_batch_ = 0;
  int64_t rows_left_ = 0;
};

class ArrowFile : public RowFile {
 public:
  explicit ArrowFile(const fs::path& path) : path_(path) {
    const FilePtr file = open_file(path, arrow::system_memory_pool());
    layout_.has_footer = has_footer(*file, path);
    layout_.messages =
        std::make_shared<const Messages>(layout_.has_footer ? list_batches(file, path) : list_messages(*file, path));
    for (const auto& message : *layout_.messages) {
      if (message.rows > std::numeric_limits<int64_t>::max() - rows_) fail_unreadable(path, "it has too many rows");
      rows_ += message.rows;
    }
    check_row_count(rows_, path);
  }
  int64_t rows() const override { return rows_; }
  std::unique_ptr<RowStream> stream(int64_t first, Images images, const Columns& columns) const override {
    return translated(path_, [&] { return std::make_unique<ArrowRows>(path_, layout_, first, images, columns); });
  }

 private:
  fs::path path_;
  Layout layout_{};
  int64_t rows_ = 0;
};

}  // namespace

std::unique_ptr<RowFile> open_arrow(const fs::path& path) {
  return std::make_unique<ArrowFile>(path);
}

}  // namespace vlrm
