#include "base/content_digest.h"

#include <algorithm>
#include <span>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/remembered_digests.h"
#include "base/threads.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr int64_t kDigestBlock = int64_t{4} << 20;  // bytes; part of what a digest means
constexpr int64_t kBlocksAhead = 8;
constexpr int64_t kWorthRemembering = int64_t{1} << 20;  // bytes

// In pieces that stay in the processor's cache between reading and hashing.
std::string block_digest(const File& file, int64_t block) {
  static thread_local std::vector<std::byte> piece(size_t{256} << 10);
  Digest digest;
  file.prefetch((block + kBlocksAhead) * kDigestBlock, kDigestBlock);
  const int64_t end = std::min((block + 1) * kDigestBlock, file.size());
  for (int64_t at = block * kDigestBlock; at < end;) {
    const auto bytes = std::span(piece).first(static_cast<size_t>(std::min(std::ssize(piece), end - at)));
    file.read_or_throw(at, bytes);
    digest.add({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    at += std::ssize(bytes);
  }
  return digest.hex_128();
}

// The digest of its size and of its blocks' digests.
std::string digest_by(const File& file, int workers) {
  std::vector<std::string> blocks(static_cast<size_t>((file.size() + kDigestBlock - 1) / kDigestBlock));
  const auto task = [&](int64_t block) { blocks[static_cast<size_t>(block)] = block_digest(file, block); };
  if (workers > 1 && blocks.size() > 1)
    parallel_for(std::ssize(blocks), task, workers);
  else
    for (int64_t block = 0; block < std::ssize(blocks); ++block) task(block);
  std::string text = std::to_string(file.size());
  for (const std::string& block : blocks) text += " " + block;
  return content_digest(text);
}

}  // namespace

std::string content_digest(std::string_view bytes) {
  Digest digest;
  digest.add(bytes);
  return digest.hex_128();
}

std::string file_digest(const fs::path& path) {
  const File file = File::open_or_throw(path);
  if (file.size() < kWorthRemembering) return digest_by(file, 1);
  const FileStates states({path});
  if (const auto remembered = states.digest("bytes")) return *remembered;
  std::string digest = digest_by(file, thread_count());
  states.remember("bytes", digest);
  return digest;
}

std::string files_digest(const std::vector<fs::path>& files, const std::vector<std::string>& known) {
  std::vector<std::string> digests = known;
  digests.resize(files.size());
  parallel_for(std::ssize(files), [&](int64_t i) {
    if (!digests[static_cast<size_t>(i)].empty()) return;
    const fs::path& path = files[static_cast<size_t>(i)];
    std::error_code error;
    const bool is_file = fs::is_regular_file(path, error);
    digests[static_cast<size_t>(i)] = is_file ? digest_by(File::open_or_throw(path), 1) : "missing";
  });
  std::string text;
  for (const std::string& digest : digests) text += digest + "\n";
  return content_digest(text);
}

}  // namespace vlrm
