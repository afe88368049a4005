// What the processes of one job share: the folder OUTPUT.parts, with a file for each block of lines that is made.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/claim.h"
#include "base/json.h"

namespace vlrm {

// A part is there whole or not at all, and the first that is put in a place stays. run.json says what the lines depend
// on. Claims, in a folder of their own, are hints: two processes that make one block make the same bytes.
class PartsFolder {
 public:
  // Makes nothing.
  explicit PartsFolder(const std::filesystem::path& output);

  const std::filesystem::path& path() const { return folder_; }
  // What stands in run.json; nothing where the job has not begun. Throws Error where it cannot be read.
  std::optional<OrderedJson> settings() const;
  // Makes the folder and its run.json, or compares with the one that is there. Throws Error where the settings differ,
  // or the lines of a block.
  void open(const OrderedJson& settings, int64_t block_lines) const;

  bool has(int64_t block) const;
  // Throws Error where it cannot be read.
  std::string read(int64_t block) const;
  // False where another process has put the block there before with other bytes. Throws Error where it cannot be
  // written.
  bool put(int64_t block, std::string_view bytes) const;
  std::filesystem::path part(int64_t block) const;

  // Nothing where another process that lives is making the block.
  std::optional<Claim> claim(int64_t block) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace vlrm
