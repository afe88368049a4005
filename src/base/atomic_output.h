// Outputs that appear whole or not at all.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace vlrm {

// A directory written as a temporary sibling ("OUT.partial-PID") and renamed by commit(). Dropped without a commit, it
// leaves nothing behind.
class AtomicDirectory {
 public:
  // Throws Error if `target` exists and `force` is not set, or if its parent does not exist or cannot be written. Even
  // with force, only an empty directory or one that holds a file called `marker` (an output of ours) is replaced. What
  // killed processes left of the same target is removed.
  AtomicDirectory(std::filesystem::path target, bool force, const std::string& marker);
  AtomicDirectory(const AtomicDirectory&) = delete;
  AtomicDirectory& operator=(const AtomicDirectory&) = delete;
  ~AtomicDirectory();

  const std::filesystem::path& staging() const { return staging_; }  // write here
  // fsyncs every file and the directory, then renames. With force, what was at `target` is removed only after the new
  // directory stands.
  void commit();

 private:
  std::filesystem::path target_, staging_;
  bool force_, committed_ = false;
};

// Writes `bytes` to `path` by way of a temporary sibling, fsync and rename. Throws Error on failure, and if `path`
// exists and `force` is not set.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes, bool force);

}  // namespace vlrm
