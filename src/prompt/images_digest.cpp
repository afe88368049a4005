#include "prompt/images_digest.h"

#include "base/content_digest.h"

namespace vlrm {
namespace {

constexpr size_t kTogether = 1024;

}  // namespace

void ImagesDigest::add(const std::filesystem::path& image, const std::string& digest) {
  if (!files_.empty() && files_.back() == image) return;
  files_.push_back(image);
  known_.push_back(digest);
  if (files_.size() == kTogether) digest_.add(flushed());
}

std::string ImagesDigest::hex() {
  digest_.add(flushed());
  return digest_.hex();
}

std::string ImagesDigest::flushed() {
  std::string digest = files_digest(files_, known_);
  files_.clear();
  known_.clear();
  return digest;
}

}  // namespace vlrm
