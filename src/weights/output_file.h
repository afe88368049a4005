// A file of known size, written at any offset by any thread.
//
// An output has to be on the disk before it gets its name, so there is nothing to win by the page cache: whole pages
// are written around it where the file system allows (O_DIRECT), which costs a tenth of the processor time and no
// memory.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace vlrm {

class OutputFile {
 public:
  enum class Contents { none, kept };  // of a file that is there
  // Creates it with `size` bytes. Throws Error if that cannot be.
  OutputFile(std::filesystem::path path, int64_t size, Contents contents = Contents::none);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();

  // Fast where `bytes` lie in memory as in the file: see WriteBuffer.
  void write_or_throw(int64_t offset, std::span<const std::byte> bytes);
  void flush_or_throw() const;  // what was written is on the disk
  void close_or_throw();        // some file systems tell only here that a write failed

 private:
  int64_t write_pages(int64_t offset, std::span<const std::byte> bytes);
  void write_cached(int64_t offset, std::span<const std::byte> bytes);
  [[noreturn]] void fail_at(int64_t offset, int error) const;

  const std::filesystem::path path_;
  int descriptor_;
  int direct_descriptor_ = -1;  // -1: the file system has no O_DIRECT
  std::atomic<bool> direct_refused_{false};
};

// Memory for what is written at an offset, aligned to pages as that offset is.
class WriteBuffer {
 public:
  std::span<std::byte> prepare(int64_t offset, int64_t size);

 private:
  std::vector<std::byte> memory_;
};

// The bytes of `source` as a new file, with a new file's permissions. Throws Error naming the file that fails.
void copy_file_bytes(const std::filesystem::path& source, const std::filesystem::path& target);

}  // namespace vlrm
