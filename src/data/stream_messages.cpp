#include "data/stream_messages.h"

#include <arrow/buffer.h>
#include <arrow/ipc/reader.h>

#include <cstring>
#include <optional>

#include "data/arrow_errors.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr std::string_view kFileMagic = "ARROW1";  // the format with a footer starts and ends so
constexpr int32_t kContinuation = -1;              // stands before a message's length since Arrow 0.15

// Reads the messages' heads one after another.
class MessageLister {
 public:
  MessageLister(arrow::io::RandomAccessFile& file, const fs::path& path)
      : file_(file), path_(path), size_(value_of(file.GetSize(), path)) {}

  // The message at this byte.
  StreamMessage at(int64_t position) {
    position_ = position;
    if (position < 0 || position > size_) fail_truncated();
    const auto message = next();
    if (!message) fail_truncated();
    return *message;
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

// Where the record batches start, by flatbuffer's table Footer: its fourth field lists blocks of 24 bytes, each of
// which begins with its offset. libarrow has no function to ask for them; it has verified the table.
std::vector<int64_t> batch_offsets(arrow::io::RandomAccessFile& file, const fs::path& path) {
  constexpr size_t kField = 4 + 3 * sizeof(uint16_t), kBlock = 24;
  const int64_t end = value_of(file.GetSize(), path) - static_cast<int64_t>(kFileMagic.size()) - 4;
  int32_t length = 0;
  value_of(file.ReadAt(end, 4, &length), path);
  const auto footer = value_of(file.ReadAt(end - length, length), path);
  const auto read = [&]<class T>(size_t at, T) {
    T value{};
    if (at > static_cast<size_t>(length) || sizeof value > static_cast<size_t>(length) - at)
      fail_unreadable(path, "its footer is malformed");
    std::memcpy(&value, footer->data() + at, sizeof value);
    return value;
  };
  const size_t table = read(0, uint32_t());
  const size_t fields = table - static_cast<size_t>(static_cast<int64_t>(read(table, int32_t())));
  const size_t field = read(fields, uint16_t()) < kField + sizeof(uint16_t) ? 0 : read(fields + kField, uint16_t());
  std::vector<int64_t> offsets;
  if (field == 0) return offsets;
  const size_t list = table + field + read(table + field, uint32_t());
  const size_t count = read(list, uint32_t());
  for (size_t i = 0; i < count; ++i) offsets.push_back(read(list + 4 + i * kBlock, int64_t()));
  return offsets;
}

}  // namespace

bool has_footer(arrow::io::RandomAccessFile& file, const fs::path& path) {
  char start[kFileMagic.size()];
  return value_of(file.ReadAt(0, sizeof start, start), path) == sizeof start &&
         std::string_view(start, sizeof start) == kFileMagic;
}

std::vector<StreamMessage> list_batches(const std::shared_ptr<arrow::io::RandomAccessFile>& file,
                                        const fs::path& path) {
  value_of(arrow::ipc::RecordBatchFileReader::Open(file), path);  // verifies the footer
  std::vector<StreamMessage> batches;
  MessageLister lister(*file, path);
  for (const int64_t offset : batch_offsets(*file, path)) batches.push_back(lister.at(offset));
  return batches;
}

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
