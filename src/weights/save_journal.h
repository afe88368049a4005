// What of a checkpoint is safely on the disk: for a run that goes on where a killed one ended.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weights/checkpoint.h"

namespace vlrm {

// A file beside the shards: the identity of what is saved, one line, then the tensors whose bytes are on the disk.
// Each line is flushed before it counts; a last line that is cut off does not.
class SaveJournal {
 public:
  // Opens `file`, or makes it. Where it is there and of the same identity, what it names is done; else it starts again.
  // Throws Error where it cannot be read or written.
  SaveJournal(std::filesystem::path file, const std::string& identity);
  SaveJournal(const SaveJournal&) = delete;
  SaveJournal& operator=(const SaveJournal&) = delete;
  ~SaveJournal();

  struct Tensor {
    std::string name;
    int64_t not_finite = 0;  // elements
  };
  const Tensor* find(std::string_view name) const;  // nullptr for what is not done
  bool empty() const { return done_.empty(); }
  // These are on the disk. Flushes.
  void add(const std::vector<Tensor>& tensors);
  // These are not, whatever was said of them. Flushes.
  void forget(const std::vector<TensorInfo>& tensors);

  // The identity of a journal that names a tensor; nothing where `file` is none.
  static std::optional<std::string> identity_of_work(const std::filesystem::path& file);

 private:
  void append(const std::string& lines);

  const std::filesystem::path file_;
  const std::string identity_;
  std::map<std::string, Tensor, std::less<>> done_;
  int descriptor_ = -1;
};

}  // namespace vlrm
