#include "merge/methods/magnitude_order.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "merge/methods/magnitude_cut.h"
#include "weights/target_clones.h"

namespace vlrm {
namespace {

constexpr int64_t kLanes = 16;
constexpr size_t kMostBuckets = size_t{1} << 20;  // which a float32 counts

float magnitude(float value) {
  return std::bit_cast<float>(magnitude_bits(value));
}

VLRM_TARGET_CLONES float mean_magnitude(const float* row, int64_t count) {
  float sums[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (int64_t lane = 0; lane < kLanes; ++lane) sums[lane] += magnitude(row[i + lane]);
  float total = 0;
  for (const float sum : sums) total += sum;
  for (; i < count; ++i) total += magnitude(row[i]);
  return total / static_cast<float>(count);
}

// Buckets of growing magnitudes, filled about alike whatever the distribution's tail: with as many as elements,
// m/(m + mean) spreads half-normal magnitudes so that none expects more than two. Every operation keeps the order.
VLRM_TARGET_CLONES void find_buckets(const float* row, int64_t count, float mean, float buckets, int32_t* found) {
  for (int64_t i = 0; i < count; ++i) {
    const float bucket = buckets - buckets * (mean / (magnitude(row[i]) + mean));
    found[i] = static_cast<int32_t>(bucket < buckets - 1 ? bucket : buckets - 1);  // NaN is not below: the last
  }
}

// A step of odd-even transposition: no branch, where insertion would mispredict one.
VLRM_TARGET_CLONES void order_pairs(uint64_t* keys, int64_t count) {
  for (int64_t i = 0; i + 1 < count; i += 2) {
    const uint64_t one = keys[i], other = keys[i + 1];
    keys[i] = std::min(one, other);
    keys[i + 1] = std::max(one, other);
  }
}

// Sorts what is nearly sorted; false where it turns out not to be.
bool finish_by_insertion(std::span<uint64_t> keys) {
  auto moves_left = static_cast<int64_t>(16 * keys.size());
  for (size_t i = 1; i < keys.size(); ++i) {
    const uint64_t key = keys[i];
    size_t at = i;
    for (; at > 0 && keys[at - 1] > key; --at) keys[at] = keys[at - 1];
    keys[at] = key;
    moves_left -= static_cast<int64_t>(i - at);
    if (moves_left < 0) return false;
  }
  return true;
}

}  // namespace

void MagnitudeOrder::distribute(std::span<const float> row) {
  const auto count = static_cast<int64_t>(row.size());
  keys_.resize(row.size());
  buckets_.resize(row.size());
  ends_.assign(std::min(row.size(), kMostBuckets), 0);
  find_buckets(row.data(), count, mean_magnitude(row.data(), count), static_cast<float>(ends_.size()), buckets_.data());
  for (const int32_t bucket : buckets_) ++ends_[static_cast<size_t>(bucket)];
  uint32_t start = 0;
  for (uint32_t& end : ends_) start += std::exchange(end, start);
  for (size_t i = 0; i < row.size(); ++i)
    keys_[ends_[static_cast<size_t>(buckets_[i])]++] = static_cast<uint64_t>(magnitude_bits(row[i])) << 32 | i;
}

std::span<const uint64_t> MagnitudeOrder::of(std::span<const float> row) {
  distribute(row);
  const auto count = static_cast<int64_t>(row.size());
  for (const int64_t first : {0, 1, 0}) order_pairs(keys_.data() + first, count - first);
  if (!finish_by_insertion(keys_)) std::ranges::sort(keys_);
  return keys_;
}

}  // namespace vlrm
