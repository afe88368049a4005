// A file that is written under a random name beside its place.
#pragma once

#include <filesystem>
#include <string_view>

namespace vlrm {

// Removed again unless it was put in its place. What a killed process leaves is called ".NAME.ID.partial".
class DraftFile {
 public:
  // Throws Error where it cannot be written.
  explicit DraftFile(const std::filesystem::path& place);
  DraftFile(const DraftFile&) = delete;
  DraftFile& operator=(const DraftFile&) = delete;
  ~DraftFile();

  void write(std::string_view bytes);
  // Each once, at the end, and to the disk. rename() replaces what is there; link() leaves it, and is then false. Where
  // the file system has no links, link() renames.
  void rename();
  bool link();

 private:
  void flush();
  void sync_folder() const;
  const std::filesystem::path place_, path_;
  int descriptor_;
  bool renamed_ = false;
};

}  // namespace vlrm
