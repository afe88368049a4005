#include "base/digest.h"

#include <fmt/format.h>

#include <new>

namespace vlrm {

// One state serves both lengths (see xxhash.h); only the last step differs.
Digest::Digest() : state_(XXH3_createState(), XXH3_freeState) {
  if (!state_) throw std::bad_alloc();
  XXH3_64bits_reset(state_.get());
}

void Digest::add(std::string_view bytes) {
  XXH3_64bits_update(state_.get(), bytes.data(), bytes.size());
}

std::string Digest::hex() const {
  return fmt::format("{:016x}", XXH3_64bits_digest(state_.get()));
}

std::string Digest::hex_128() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_.get());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace vlrm
