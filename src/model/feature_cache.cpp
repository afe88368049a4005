#include "model/feature_cache.h"

namespace vlrm {
namespace {

int64_t size_in_bytes(const at::Tensor& tensor) {
  return static_cast<int64_t>(tensor.nbytes());
}

}  // namespace

void FeatureCache::set_limit(int64_t bytes) {
  limit_ = bytes;
  shrink_to(limit_);
}

at::Tensor FeatureCache::find(const std::string& digest) {
  const auto place = places_.find(digest);
  if (place == places_.end()) return {};
  entries_.splice(entries_.begin(), entries_, place->second);
  return entries_.front().features;
}

void FeatureCache::keep(const std::string& digest, const at::Tensor& features) {
  if (digest.empty() || places_.contains(digest) || size_in_bytes(features) > limit_) return;
  shrink_to(limit_ - size_in_bytes(features));
  entries_.push_front({digest, features});
  places_[digest] = entries_.begin();
  bytes_ += size_in_bytes(features);
}

void FeatureCache::shrink_to(int64_t bytes) {
  while (bytes_ > bytes) {
    bytes_ -= size_in_bytes(entries_.back().features);
    places_.erase(entries_.back().digest);
    entries_.pop_back();
  }
}

}  // namespace vlrm
