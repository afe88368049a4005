#include "prompt/stamps.h"

#include <algorithm>
#include <new>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "family/side_files.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr int64_t kLargestWhole = int64_t{32} << 20;  // bytes; a tokenizer has some 17 MB
constexpr int64_t kHeader = int64_t{1} << 20;
constexpr int64_t kBlocks = 64, kBlock = 4096;

void add_part(Digest& digest, const File& file, int64_t first, int64_t size) {
  std::string chunk;
  for (int64_t at = first; at < first + size; at += static_cast<int64_t>(chunk.size())) {
    chunk.resize(static_cast<size_t>(std::min(int64_t{1} << 20, first + size - at)));
    file.read_or_throw(at, std::as_writable_bytes(std::span(chunk)));
    digest.add(chunk);
  }
}

void add_sample(Digest& digest, const File& file) {
  if (file.size() <= kLargestWhole) return add_part(digest, file, 0, file.size());
  add_part(digest, file, 0, kHeader);
  const int64_t last = file.size() - kBlock;
  for (int64_t i = 0; i < kBlocks; ++i) add_part(digest, file, kHeader + (last - kHeader) * i / (kBlocks - 1), kBlock);
}

// Those that scores depend on, by name. Other files may come and go, such as scores written beside the model.
std::vector<std::string> model_files(const fs::path& directory) {
  auto names = files_of_kind(directory, {FileKind::config, FileKind::tokenizer, FileKind::chat_template,
                                         FileKind::adapter, FileKind::weights, FileKind::other});
  std::erase_if(names, [](const std::string& name) {
    return kind_of(name) == FileKind::other && !name.ends_with("processor_config.json");
  });
  return names;
}

}  // namespace

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
  return fmt::format("{} {}\n", size, time);
}

std::string directory_stamp(const fs::path& directory) {
  Digest digest;
  for (const std::string& name : model_files(directory)) {
    const File file = File::open_or_throw(directory / name);
    digest.add(fmt::format("{}\n{}\n", name, file.size()));
    add_sample(digest, file);
  }
  return digest.hex();
}

std::string file_digest(const fs::path& path) {
  const File file = File::open_or_throw(path);
  Digest digest;
  add_part(digest, file, 0, file.size());
  return digest.hex();
}

}  // namespace vlrm
