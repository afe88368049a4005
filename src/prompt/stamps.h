// Short digests by which a run tells whether what its scores depend on is still the same.
#pragma once

#include <xxhash.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "weights/content_digest.h"

namespace vlrm {

// XXH3 (64 bits) of bytes that come in pieces.
class Digest {
 public:
  Digest();
  void add(std::string_view bytes);
  std::string hex() const;  // 16 digits

 private:
  std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state_;
};

// Hex digest of what a model's files hold: config, tokenizer, chat template, image processor and weights, wherever the
// directory lies and whenever they were written. Reads them all (see file_digest). Throws Error naming a file that
// cannot be read.
std::string directory_stamp(const std::filesystem::path& directory);

}  // namespace vlrm
