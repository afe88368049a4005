// Where the messages of an Arrow file stand, found without reading their bodies.
#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/ipc/message.h>

#include <filesystem>
#include <memory>
#include <vector>

namespace vlrm {

struct StreamMessage {
  arrow::ipc::MessageType type;
  int64_t metadata;         // offset in the file
  int32_t metadata_length;  // bytes; the body follows
  int64_t rows;             // of a record batch; else 0
};

// Whether this is the format with a footer, which says where its record batches stand.
bool has_footer(arrow::io::RandomAccessFile& file, const std::filesystem::path& path);

// The messages of a stream. Throws Error for what is truncated or malformed.
std::vector<StreamMessage> list_messages(arrow::io::RandomAccessFile& file, const std::filesystem::path& path);

// The record batches that a footer lists, in its order. Throws as list_messages does.
std::vector<StreamMessage> list_batches(const std::shared_ptr<arrow::io::RandomAccessFile>& file,
                                        const std::filesystem::path& path);

// Reads one of them, with its body.
arrow::Result<std::unique_ptr<arrow::ipc::Message>> read_message(arrow::io::RandomAccessFile& file,
                                                                 const StreamMessage& message);

}  // namespace vlrm
