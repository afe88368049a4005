#include "merge/methods/magnitude_order.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/target_clones.h"
#include "merge/methods/magnitude_cut.h"

namespace vlrm {
namespace {

constexpr int64_t kLanes = 16;
constexpr int64_t kSpan = 64;
constexpr int kMostSteps = 2;
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

// Half a step of odd-even transposition, of pairs that begin at even places or at odd ones, without a branch or a
// shuffle. Reads the keys before the first and behind the last.
VLRM_TARGET_CLONES void order_pairs(const uint64_t* keys, int64_t count, int64_t odd, uint64_t* ordered) {
  for (int64_t i = 0; i < count; ++i) {
    const uint64_t smaller = std::min(keys[i], keys[i + 1]), larger = std::max(keys[i - 1], keys[i]);
    ordered[i] = ((i + odd) & 1) == 0 ? smaller : larger;
  }
}

// How many are smaller than the key before them, which the first has too.
VLRM_TARGET_CLONES int64_t inversions(const uint64_t* keys, int64_t count) {
  int64_t found = 0;
  for (int64_t i = 0; i < count; ++i) found += static_cast<int64_t>(keys[i - 1] > keys[i]);
  return found;
}

// Gives how far it moved keys. No key is smaller than the one before the first, which stays.
int64_t insert(uint64_t* keys, int64_t begin, int64_t end) {
  int64_t moves = 0;
  for (int64_t i = begin; i < end; ++i) {
    const uint64_t key = keys[i];
    int64_t at = i;
    for (; keys[at - 1] > key; --at) keys[at] = keys[at - 1];
    keys[at] = key;
    moves += i - at;
  }
  return moves;
}

// Sorts what is nearly sorted; false where it turns out not to be.
bool finish_by_insertion(uint64_t* keys, int64_t count) {
  int64_t moves_left = 16 * count;
  for (int64_t begin = 0; begin < count && moves_left >= 0; begin += kSpan) {
    const int64_t end = std::min(begin + kSpan, count);
    if (inversions(keys + begin, end - begin) > 0) moves_left -= insert(keys, begin, end);
  }
  return moves_left >= 0;
}

}  // namespace

void MagnitudeOrder::distribute(std::span<const float> row) {
  const auto count = static_cast<int64_t>(row.size());
  for (auto* keys : {&keys_, &others_}) {
    keys->resize(row.size() + 2);
    keys->front() = 0;
    keys->back() = UINT64_MAX;
  }
  buckets_.resize(row.size());
  ends_.assign(std::min(row.size(), kMostBuckets), 0);
  find_buckets(row.data(), count, mean_magnitude(row.data(), count), static_cast<float>(ends_.size()), buckets_.data());
  for (const int32_t bucket : buckets_) ++ends_[static_cast<size_t>(bucket)];
  uint32_t start = 0;
  for (uint32_t& end : ends_) start += std::exchange(end, start);
  for (size_t i = 0; i < row.size(); ++i)
    keys_[++ends_[static_cast<size_t>(buckets_[i])]] = static_cast<uint64_t>(magnitude_bits(row[i])) << 32 | i;
}

std::span<const uint64_t> MagnitudeOrder::of(std::span<const float> row) {
  distribute(row);
  const auto count = static_cast<int64_t>(row.size());
  uint64_t* const keys = keys_.data() + 1;
  uint64_t* const others = others_.data() + 1;
  // Deltas of bfloat16 weights have few values, and are often in order by now.
  for (int step = 0; step < kMostSteps && inversions(keys, count) > count / kSpan; ++step) {
    order_pairs(keys, count, 0, others);
    order_pairs(others, count, 1, keys);
  }
  if (!finish_by_insertion(keys, count)) std::sort(keys, keys + count);
  return {keys, row.size()};
}

}  // namespace vlrm
