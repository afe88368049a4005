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
// A file's size and time: what identifies it, beside its name, without reading it.
std::string file_facts(const std::filesystem::path& file);
// Hex digest of what a model's files hold: config, tokenizer, chat template, image processor and weights, wherever the
// directory lies and whenever they were written. Of a file of more than 32 MiB, weights that is, it takes the size, the
// first MiB (the header) and 64 blocks of 4 KiB spread over the rest, in which models that were trained differently
// differ. Throws Error naming a file that cannot be read.
std::string directory_stamp(const std::filesystem::path& directory);
// Hex digest of a file's bytes.
std::string file_digest(const std::filesystem::path& file);

}  // namespace vlrm
