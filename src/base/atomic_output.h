// Outputs that appear whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/claim.h"
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

// A directory written as a hidden sibling (".OUT.vlrm-ID.partial") and renamed by commit(). Dropped without a commit,
// it leaves nothing behind; an interrupt drops it by way of throw_if_interrupted().
class AtomicDirectory {
 public:
  // Claims `target`, and makes the directories on the way to it. Throws Error if it exists and `force` is not set, or
  // if it cannot be made or replaced there; TemporaryError if another run is writing it. Even with force, only an empty
  // directory or one that holds a file called `marker` (an output of ours) is replaced. What dead runs left of the same
  // target is removed.
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
  int64_t bytes() const;  // that the staging directory takes on the disk
  // Dropped, it stays for a later run, of any host, to adopt.
  void keep_if_dropped() { kept_ = true; }
  // fsyncs every file and the directory, then renames. With force, what was at `target` is removed only after the new
  // directory stands. Throws Error where another run has taken over, and where it cannot be put in its place: then it
  // stays beside it, and the error says where.
  void commit();

 private:
  void take_leftovers(const Adoptable& adoptable);
  InterruptScope interrupts_;
  std::filesystem::path target_, staging_;
  bool force_, adopted_ = false, kept_ = false, committed_ = false;
  ParentDirectories parents_;
  Claim claim_;
};

// Files that appear whole, and together, or not at all. An interrupt counts as in AtomicDirectory.
class AtomicFiles {
 public:
  // Claims all targets, and makes the directories on the way to them. Throws Error if one exists and `force` is not
  // set, or if it cannot be written there; TemporaryError if another run is writing it.
  AtomicFiles(const std::vector<std::filesystem::path>& targets, bool force);
  AtomicFiles(const AtomicFiles&) = delete;
  AtomicFiles& operator=(const AtomicFiles&) = delete;
  ~AtomicFiles();

  // Once: the bytes of each target, in their order. Throws Error on failure; no target has changed then.
  void commit(const std::vector<std::string>& contents);

 private:
  struct Part;
  void undo_half_a_commit();
  InterruptScope interrupts_;
  bool force_;
  std::vector<std::unique_ptr<Part>> parts_;
};

// Throws Error if `target` exists and `force` is not set: for callers with much to do before they write the output.
void refuse_existing(const std::filesystem::path& target, bool force);

// Writes `bytes` to `path` by way of a temporary sibling, fsync and rename, and removes what killed runs left of such
// siblings. The caller has a claim to the file, or to the directory that it lies in. Throws Error on failure, and if
// `path` exists and `force` is not set.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes, bool force);

// Makes a file of its first `bytes` bytes and lets it take the file's place, so that who has the old one open cannot
// write into it. Throws Error on failure.
void replace_by_beginning(const std::filesystem::path& path, int64_t bytes);

}  // namespace vlrm
