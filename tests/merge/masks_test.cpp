#include "merge/masks.h"

#include <bit>
#include <cmath>
#include <set>

#include "support/support.h"

namespace vlrm::testing {
namespace {

std::vector<uint32_t> all_of(const ElementMask& mask, size_t count, int64_t first = 0) {
  std::vector<uint32_t> kept(count);
  mask.read(first, kept);
  return kept;
}

double share_kept(const std::vector<uint32_t>& kept) {
  double count = 0;
  for (const uint32_t each : kept) count += each != 0;
  return count / static_cast<double>(kept.size());
}

// How far `share` of `count` independent trials is from `probability`, in standard deviations.
double deviations(double share, double probability, size_t count) {
  return std::abs(share - probability) / std::sqrt(probability * (1 - probability) / static_cast<double>(count));
}

constexpr size_t kMany = 1 << 20;

TEST(RandomMask, KeepsTheShareThatTheDensityNames) {
  for (const double density : {0.001, 0.2, 0.4, 0.5, 0.8, 0.999}) {
    const auto kept = all_of(*random_mask(7, 0, "w", density), kMany);
    EXPECT_LT(deviations(share_kept(kept), density, kMany), 4) << density;
    for (const uint32_t each : kept) ASSERT_TRUE(each == 0 || each == ~0u);
  }
}

TEST(RandomMask, ModelsTensorsAndSeedsAreIndependent) {
  const auto one = all_of(*random_mask(7, 0, "w", 0.4), kMany);
  const auto others = {random_mask(7, 1, "w", 0.4), random_mask(7, 0, "v", 0.4), random_mask(8, 0, "w", 0.4)};
  for (const auto& other : others) {
    auto both = all_of(*other, kMany);
    for (size_t i = 0; i < kMany; ++i) both[i] &= one[i];
    EXPECT_LT(deviations(share_kept(both), 0.16, kMany), 4);
  }
}

TEST(RandomMask, NeighboursAreIndependent) {
  const auto kept = all_of(*random_mask(7, 0, "w", 0.4), kMany);
  for (const size_t distance : {1, 2, 4, 16, 64, 128, 192, 256, 4096, 65536}) {
    std::vector<uint32_t> both(kMany - distance);
    for (size_t i = 0; i < both.size(); ++i) both[i] = kept[i] & kept[i + distance];
    EXPECT_LT(deviations(share_kept(both), 0.16, both.size()), 4) << distance;
  }
}

TEST(RandomMask, IsTheSameInAnyPieces) {
  const auto mask = random_mask(7, 3, "w", 0.4);
  const auto whole = all_of(*mask, 5000);
  for (const size_t piece : {1, 3, 64, 255, 256, 257, 1000}) {
    for (size_t first = 0; first < whole.size(); first += piece) {
      const size_t count = std::min(piece, whole.size() - first);
      const auto part = all_of(*mask, count, static_cast<int64_t>(first));
      ASSERT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + static_cast<int64_t>(first))) << piece;
    }
  }
}

TEST(RandomMask, ReachesElementsBeyond32Bits) {
  const auto mask = random_mask(7, 0, "w", 0.5);
  // Counters are a quarter of the element: these differ in the counter's upper word only.
  EXPECT_NE(all_of(*mask, 256), all_of(*mask, 256, int64_t{1} << 34));
}

TEST(RandomMask, DensitiesNextToTheEndsStayInside) {
  EXPECT_EQ(share_kept(all_of(*random_mask(0, 0, "w", std::nextafter(1.0, 0.0)), kMany)), 1);
  EXPECT_LT(share_kept(all_of(*random_mask(0, 0, "w", 1e-12), kMany)), 1e-5);
}

}  // namespace
}  // namespace vlrm::testing
