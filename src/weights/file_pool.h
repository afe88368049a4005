// Of the many files of one checkpoint, no more than some are open at a time.
#pragma once

#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>

#include "base/file.h"

namespace vlrm {

class FilePool {
 public:
  // One of the files, which may be closed in between. It must not outlive its pool.
  class Member {
   public:
    // Throws Error where it cannot be opened.
    Member(FilePool& pool, std::filesystem::path path);
    // Throws Error too where it is another file than at first. Thread-safe.
    std::shared_ptr<const File> file() const;

   private:
    FilePool& pool_;
    const std::filesystem::path path_;
    mutable std::weak_ptr<const File> file_;  // guarded by the pool's mutex
    File::Version version_;
  };

 private:
  static constexpr size_t kMostOpen = 32;  // of 1,024 that a process may usually have, for several checkpoints
  std::shared_ptr<const File> open(const std::filesystem::path& path);

  std::mutex mutex_;
  std::deque<std::shared_ptr<const File>> open_;  // the last that were opened
};

}  // namespace vlrm
