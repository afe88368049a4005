// Digests of files that earlier runs have read: so that a command that is repeated need not read them again.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vlrm {

// What the system says of a file without reading it, but for the device, which has another number on another machine:
// the same file on a shared disk gives the same. Throws Error where there is none.
std::string file_state(const std::filesystem::path& file);

// What the system says of files without reading them: device, inode, size and the times of change, of which no program
// can set the last. As long as these are the same, so is what the files hold.
class FileStates {
 public:
  // As they are now.
  explicit FileStates(const std::vector<std::filesystem::path>& files);

  // The digest that was remembered of files in these states, or nothing. `about` is what of them it is of: "bytes", ….
  std::optional<std::string> digest(std::string_view about) const;
  // Remembers it, unless the files are in other states by now, or came into these only seconds ago: what is written
  // within one tick of a clock looks the same. Digests are kept in the user's folder of caches
  // ($XDG_CACHE_HOME/vlrm/digests or ~/.cache/vlrm/digests), which may be removed at any time; where that cannot be
  // written, nothing is remembered.
  void remember(std::string_view about, const std::string& digest) const;

 private:
  std::vector<std::filesystem::path> files_;
  std::string states_;  // "" where they say too little
};

}  // namespace vlrm
