// Outputs that appear whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/interrupt.h"

namespace vlrm {

// The directories that are missing on the way to an output: made here, and removed again at the end if nothing was put
// into them.
class ParentDirectories {
 public:
  // Throws Error naming the directory that cannot be made.
  explicit ParentDirectories(const std::filesystem::path& target);
  ParentDirectories(const ParentDirectories&) = delete;
  ParentDirectories& operator=(const ParentDirectories&) = delete;
  ~ParentDirectories();

 private:
  std::vector<std::filesystem::path> made_;  // a directory before those in it
};

// A directory written as a hidden sibling (".OUT.vlrm-HOST-PID.partial") and renamed by commit(). Dropped without a
// commit, it leaves nothing behind; an interrupt drops it by way of throw_if_interrupted().
class AtomicDirectory {
 public:
  // Throws Error if `target` exists and `force` is not set, or if it cannot be made there; directories on the way to it
  // are made. Even with force, only an empty directory or one that holds a file called `marker` (an output of ours) is
  // replaced. What killed processes of this host left of the same target is removed.
  //
  // `adoptable` tells of such leftovers which one is to be gone on with: it becomes the staging directory.
  using Adoptable = std::function<bool(const std::filesystem::path& leftover)>;
  AtomicDirectory(const std::filesystem::path& target, bool force, const std::string& marker,
                  const Adoptable& adoptable = nullptr);
  AtomicDirectory(const AtomicDirectory&) = delete;
  AtomicDirectory& operator=(const AtomicDirectory&) = delete;
  ~AtomicDirectory();

  const std::filesystem::path& staging() const { return staging_; }  // write here
  bool adopted() const { return adopted_; }
  // Dropped, it stays for a later run, of any host, to adopt: as ".OUT.vlrm-left.partial".
  void keep_if_dropped() { kept_ = true; }
  // fsyncs every file and the directory, then renames. With force, what was at `target` is removed only after the new
  // directory stands.
  void commit();

 private:
  InterruptScope interrupts_;
  std::filesystem::path target_, staging_;
  bool force_, adopted_ = false, kept_ = false, committed_ = false;
  ParentDirectories parents_;
};

// Bytes on the disk of what killed processes of this host left of `target`: for who asks whether there is room.
int64_t bytes_left_over(const std::filesystem::path& target);
// What of `target` other hosts are at work at, or were when they were killed: that cannot be known here.
std::vector<std::filesystem::path> left_by_other_hosts(const std::filesystem::path& target);

// Throws Error if `target` exists and `force` is not set: for who has much to do before the output is written.
void refuse_existing(const std::filesystem::path& target, bool force);

// Writes `bytes` to `path` by way of a temporary sibling, fsync and rename; makes the directories on the way to it and
// removes what killed processes of this host left of the same file. Throws Error on failure, and if `path` exists and
// `force` is not set.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes, bool force);

}  // namespace vlrm
