#include "artifact/fingerprint.h"

#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>
#if __has_include(<xxh_x86dispatch.h>) && defined(__x86_64__)
#include <xxh_x86dispatch.h>  // the widest vectors that the processor has, where the library alone takes SSE2
#endif

#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/threads.h"
#include "weights/chunks.h"

namespace vlrm {
namespace {

constexpr int64_t kBlock = kPieceElements;  // part of what a fingerprint means

struct BlockHash {
  XXH128_canonical_t bytes{};
};

BlockHash hash(std::span<const std::byte> bytes) {
  BlockHash digest;
  XXH128_canonicalFromHash(&digest.bytes, XXH3_128bits(bytes.data(), bytes.size()));
  return digest;
}

// The hashes of one tensor's blocks, each filled in once by whoever reads it first.
class BlockHashes {
 public:
  explicit BlockHashes(const TensorInfo& info)
      : elements_(info.elements()),
        size_(size_of(info.dtype)),
        hashes_(static_cast<size_t>((elements_ + kBlock - 1) / kBlock)),
        claimed_(std::make_unique<std::atomic<bool>[]>(hashes_.size())) {}

  // Takes the blocks that lie whole in the elements [first, first + count), whose bytes are at `bytes`.
  void take(int64_t first, int64_t count, const std::byte* bytes) {
    for (int64_t block = (first + kBlock - 1) / kBlock; block * kBlock < first + count; ++block) {
      const int64_t length = length_of(block);
      if (block * kBlock + length > first + count) break;
      if (claimed_[static_cast<size_t>(block)].exchange(true)) continue;
      const std::byte* start = bytes + (block * kBlock - first) * size_;
      hashes_[static_cast<size_t>(block)] = hash({start, static_cast<size_t>(length * size_)});
    }
  }

  // Reads what nobody read in whole blocks.
  void complete(const TensorReader& tensor) {
    std::vector<int64_t> missing;
    for (size_t block = 0; block < hashes_.size(); ++block)
      if (!claimed_[block]) missing.push_back(static_cast<int64_t>(block));
    parallel_for(static_cast<int64_t>(missing.size()), [&](int64_t index) {
      const int64_t block = missing[static_cast<size_t>(index)];
      std::vector<std::byte> bytes(static_cast<size_t>(length_of(block) * size_));
      tensor.read(block * kBlock, length_of(block), bytes.data());
      take(block * kBlock, length_of(block), bytes.data());
    });
  }

  BlockHash digest() const { return hash(std::as_bytes(std::span(hashes_))); }

 private:
  int64_t length_of(int64_t block) const { return std::min(kBlock, elements_ - block * kBlock); }

  const int64_t elements_, size_;
  std::vector<BlockHash> hashes_;
  std::unique_ptr<std::atomic<bool>[]> claimed_;
};

class WatchedTensor : public TensorReader {
 public:
  WatchedTensor(std::unique_ptr<TensorReader> source, std::shared_ptr<BlockHashes> hashes)
      : source_(std::move(source)), hashes_(std::move(hashes)) {}
  const TensorInfo& info() const override { return source_->info(); }
  void read(int64_t first, int64_t count, std::byte* out) const override {
    source_->read(first, count, out);
    hashes_->take(first, count, out);
  }

 private:
  const std::unique_ptr<TensorReader> source_;
  const std::shared_ptr<BlockHashes> hashes_;
};

}  // namespace

class Fingerprint::Watched : public Checkpoint {
 public:
  explicit Watched(CheckpointPtr source) : source_(std::move(source)), hashes_(source_->tensors().size()) {}
  const std::vector<TensorInfo>& tensors() const override { return source_->tensors(); }
  std::string description() const override { return source_->description(); }
  std::unique_ptr<TensorReader> prepare(std::string_view name) const override {
    const TensorInfo& info = info_or_throw(name);
    const std::lock_guard lock(mutex_);
    auto& hashes = hashes_[static_cast<size_t>(&info - tensors().data())];
    if (!hashes) hashes = std::make_shared<BlockHashes>(info);
    return std::make_unique<WatchedTensor>(source_->prepare(name), hashes);
  }

  std::string digest() const {
    std::string text;
    for (size_t i = 0; i < hashes_.size(); ++i) {
      if (!hashes_[i]) continue;
      const TensorInfo& info = tensors()[i];
      hashes_[i]->complete(*source_->prepare(info.name));
      text += fmt::format("{} {} {} {}\n", info.name, safetensors_name(info.dtype), shape_string(info.shape),
                          hex(hashes_[i]->digest().bytes.digest));
    }
    return hex(hash(std::as_bytes(std::span(text))).bytes.digest);
  }
  std::set<std::string> left_out() const {
    std::set<std::string> names;
    for (size_t i = 0; i < hashes_.size(); ++i)
      if (!hashes_[i]) names.insert(tensors()[i].name);
    return names;
  }

 private:
  const CheckpointPtr source_;
  mutable std::mutex mutex_;
  mutable std::vector<std::shared_ptr<BlockHashes>> hashes_;  // of tensors()[i]; null until it is opened
};

Fingerprint::Fingerprint(CheckpointPtr source) : watched_(std::make_shared<Watched>(std::move(source))) {}
CheckpointPtr Fingerprint::checkpoint() const {
  return watched_;
}
std::string Fingerprint::digest() const {
  return watched_->digest();
}
std::set<std::string> Fingerprint::left_out() const {
  return watched_->left_out();
}

std::string fingerprint_of(const CheckpointPtr& source, const std::set<std::string>& left_out) {
  const Fingerprint fingerprint(source);
  for (const TensorInfo& tensor : source->tensors())
    if (!left_out.contains(tensor.name)) fingerprint.checkpoint()->prepare(tensor.name);
  return fingerprint.digest();
}

std::string file_fingerprint(const std::filesystem::path& path) {
  const File file = File::open_or_throw(path);
  std::vector<char> bytes(1 << 20);
  Digest digest;
  for (int64_t offset = 0; offset < file.size();) {
    const auto piece = std::span(bytes).first(static_cast<size_t>(std::min(std::ssize(bytes), file.size() - offset)));
    file.read_or_throw(offset, std::as_writable_bytes(piece));
    digest.add({piece.data(), piece.size()});
    offset += std::ssize(piece);
  }
  return digest.hex_128();
}

}  // namespace vlrm
