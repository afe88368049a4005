#include "data/stream_messages.h"

#include <arrow/buffer.h>

#include <cstring>
#include <optional>

#include "data/arrow_errors.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr std::string_view kFileMagic("ARROW1\0\0", 8);  // the format with a footer starts so, and a stream follows
constexpr int32_t kContinuation = -1;                    // stands before a message's length since Arrow 0.15

// Reads the messages' heads one after another.
class MessageLister {
 public:
  MessageLister(arrow::io::RandomAccessFile& file, const fs::path& path)
      : file_(file), path_(path), size_(value_of(file.GetSize(), path)) {
    char start[8];
    if (size_ >= 8 && value_of(file.ReadAt(0, 8, start), path) == 8 && std::string_view(start, 8) == kFileMagic)
      position_ = 8;
  }

  // Nothing after the last.
  std::optional<StreamMessage> next() {
    if (position_ == size_) return std::nullopt;
    int32_t length = integer();
    if (length == kContinuation) length = integer();
    if (length == 0) return std::nullopt;  // the end of a stream
    if (length < 0 || length > size_ - position_) fail_truncated();
    StreamMessage result{{}, position_, length, 0};
    const auto metadata = value_of(file_.ReadAt(position_, length), path_);
    if (metadata->size() != length) fail_truncated();
    position_ += length;
    const auto message = value_of(arrow::ipc::Message::Open(metadata, std::make_shared<arrow::Buffer>("")), path_);
    result.type = message->type();
    if (result.type == arrow::ipc::MessageType::RECORD_BATCH) result.rows = rows_of_batch(*message);
    if (message->body_length() < 0 || message->body_length() > size_ - position_) fail_truncated();
    position_ += message->body_length();
    return result;
  }

 private:
  [[noreturn]] void fail_truncated() const {
    fail("{}: truncated or malformed: the message at byte {} does not fit in its {} bytes", path_.string(), position_,
         size_);
  }
  int32_t integer() {
    int32_t value = 0;
    if (size_ - position_ < 4 || value_of(file_.ReadAt(position_, 4, &value), path_) != 4) fail_truncated();
    position_ += 4;
    return value;
  }

  // The field "length", the first of flatbuffer's table RecordBatch. libarrow has no function to ask for it without the
  // body; Message::Open has verified the table.
  int64_t rows_of_batch(const arrow::ipc::Message& message) const {
    const auto* table = static_cast<const uint8_t*>(message.header());
    if (table == nullptr) fail_unreadable(path_, "a record batch has no header");
    int32_t to_fields = 0;
    std::memcpy(&to_fields, table, sizeof to_fields);
    const uint8_t* fields = table - to_fields;
    uint16_t fields_size = 0, length_at = 0;
    std::memcpy(&fields_size, fields, sizeof fields_size);
    if (fields_size >= 6) std::memcpy(&length_at, fields + 4, sizeof length_at);
    int64_t rows = 0;
    if (length_at != 0) std::memcpy(&rows, table + length_at, sizeof rows);
    if (rows < 0) fail_unreadable(path_, "a record batch has a negative number of rows");
    return rows;
  }

  arrow::io::RandomAccessFile& file_;
  const fs::path& path_;
  int64_t size_, position_ = 0;
};

}  // namespace

std::vector<StreamMessage> list_messages(arrow::io::RandomAccessFile& file, const fs::path& path) {
  std::vector<StreamMessage> messages;
  MessageLister lister(file, path);
  while (const auto message = lister.next()) messages.push_back(*message);
  if (messages.empty() || messages.front().type != arrow::ipc::MessageType::SCHEMA)
    fail_unreadable(path, "it does not start with a schema, as an Arrow stream does");
  return messages;
}

arrow::Result<std::unique_ptr<arrow::ipc::Message>> read_message(arrow::io::RandomAccessFile& file,
                                                                 const StreamMessage& message) {
  ARROW_ASSIGN_OR_RAISE(auto metadata, file.ReadAt(message.metadata, message.metadata_length));
  return arrow::ipc::Message::ReadFrom(message.metadata + message.metadata_length, std::move(metadata), &file);
}

}  // namespace vlrm
