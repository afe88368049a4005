// A file of known size, written at any offset by any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace vlrm {

class OutputFile {
 public:
  // Creates it with `size` bytes. Throws Error if that cannot be.
  OutputFile(std::filesystem::path path, int64_t size);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();

  void write_or_throw(int64_t offset, std::span<const std::byte> bytes);
  void close_or_throw();  // some file systems tell only here that a write failed

 private:
  const std::filesystem::path path_;
  int descriptor_;
};

// The bytes of `source` as a new file, with a new file's permissions. Throws Error naming the file that fails.
void copy_file_bytes(const std::filesystem::path& source, const std::filesystem::path& target);

}  // namespace vlrm
