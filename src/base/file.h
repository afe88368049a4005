// Reading and writing files. The failure mode is in each name: what ends in _or_throw throws Error naming the path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace vlrm {

// A regular file open for reading at any offset. Reads use pread, so one File serves many threads, and a file that is
// truncated under us gives an Error, where a mapping would give a dead process.
class File {
 public:
  static File open_or_throw(const std::filesystem::path& path);
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  const std::filesystem::path& path() const { return path_; }
  int64_t size() const { return size_; }  // bytes, when it was opened
  // Another one, where a file was opened again, means that it is another file or was changed.
  struct Version {
    uint64_t device = 0, number = 0;
    int64_t size = 0, seconds = 0, nanoseconds = 0;
    bool operator==(const Version&) const = default;
  };
  const Version& version() const { return version_; }

  // Fills `out` with the bytes from `offset`. Throws Error at the end of the file and on I/O errors.
  void read_or_throw(int64_t offset, std::span<std::byte> out) const;
  // Has the system fetch what will be read soon: it foresees only one thread that reads from the beginning on.
  void prefetch(int64_t offset, int64_t size) const;

 private:
  File(std::filesystem::path path, int descriptor, const Version& version);
  std::filesystem::path path_;
  int descriptor_ = -1;
  int64_t size_ = 0;
  Version version_;
};

// Throws Error where `beginning`, that of the file `name`, is that of a Git LFS pointer: a file that was not fetched.
void refuse_lfs_pointer(std::string_view beginning, const std::string& name);
// The same of an open file.
void refuse_lfs_pointer(const File& file);

// The whole of a file of at most `limit` bytes. Throws Error if it is missing, unreadable or larger.
std::string read_text_or_throw(const std::filesystem::path& path, int64_t limit = int64_t{256} << 20);

// Writes all of `bytes` to an open file, pipe or terminal, which errors call `name`. Throws Error if it cannot be.
void write_all_or_throw(int descriptor, std::string_view bytes, const std::string& name);

}  // namespace vlrm
