// Telling whether files are still the same: xxHash (XXH3, 128 bits) of what a build reads anyway.
#pragma once

#include <filesystem>
#include <memory>
#include <set>
#include <string>

#include "weights/checkpoint.h"

namespace vlrm {

// Hashes the tensors of a checkpoint as they are read, in any order and from any thread. A tensor's fingerprint is the
// hash of the hashes of its blocks of 65,536 elements, a checkpoint's that of its tensors' names, types, shapes and
// fingerprints in the order of their names. Only tensors that were opened count: a build does not read them all.
class Fingerprint {
 public:
  // A view of `source` that is hashed as it is read.
  explicit Fingerprint(CheckpointPtr source);
  CheckpointPtr checkpoint() const;

  // 32 hex digits. Reads what was opened but not read whole in blocks. Not while others read.
  std::string digest() const;
  // The tensors that were never opened, which digest() therefore leaves out.
  std::set<std::string> left_out() const;

 private:
  class Watched;
  std::shared_ptr<Watched> watched_;
};

// The fingerprint of all tensors of `source` but those in `left_out`; reads them all, with all threads.
std::string fingerprint_of(const CheckpointPtr& source, const std::set<std::string>& left_out);

// XXH3 of a whole file: 32 hex digits.
std::string file_fingerprint(const std::filesystem::path& file);

}  // namespace vlrm
