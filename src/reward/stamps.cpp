#include "reward/stamps.h"

#include <algorithm>
#include <new>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace fs = std::filesystem;

namespace vlrm {

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

std::string content_digest(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

std::string file_facts(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  const auto time = fs::last_write_time(file, error).time_since_epoch().count();
  return fmt::format("{} {} {}\n", file.string(), size, time);
}

std::string directory_stamp(const fs::path& directory) {
  std::vector<std::string> facts;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error))
    if (fs::is_regular_file(entry.path(), error)) facts.push_back(file_facts(entry.path()));
  std::sort(facts.begin(), facts.end());
  Digest digest;
  for (const auto& fact : facts) digest.add(fact);
  return digest.hex();
}

std::string file_digest(const fs::path& path) {
  const File file = File::open_or_throw(path);
  std::string chunk(1 << 20, '\0');
  Digest digest;
  for (int64_t at = 0; at < file.size(); at += static_cast<int64_t>(chunk.size())) {
    chunk.resize(std::min(chunk.size(), static_cast<size_t>(file.size() - at)));
    file.read_or_throw(at, std::as_writable_bytes(std::span(chunk)));
    digest.add(chunk);
  }
  return digest.hex();
}

}  // namespace vlrm
