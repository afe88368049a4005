// Short digests by which a run tells whether what its scores depend on is still the same.
#pragma once

#include <xxhash.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

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

// 32 hex digits (XXH3, 128 bits): the same for the same bytes only.
std::string content_digest(std::string_view bytes);
// A file's name, size and time: what identifies it without reading it.
std::string file_facts(const std::filesystem::path& file);
// Hex digest of the facts of all files of a model directory.
std::string directory_stamp(const std::filesystem::path& directory);
// Hex digest of a file's bytes.
std::string file_digest(const std::filesystem::path& file);

}  // namespace vlrm
