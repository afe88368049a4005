// A file without a name, for what does not fit in memory.
#pragma once

#include <filesystem>
#include <string>

namespace vlrm {

// Open for reading and writing. It lies where TMPDIR says, else in /tmp, and goes with its last descriptor.
class TemporaryFile {
 public:
  TemporaryFile();  // throws Error naming the directory
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile();

  int descriptor() const { return descriptor_; }
  const std::filesystem::path& directory() const { return directory_; }
  std::filesystem::path path() const;  // opens it once more, in this process

 private:
  std::filesystem::path directory_;
  int descriptor_ = -1;
};

}  // namespace vlrm
