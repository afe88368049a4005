#include "merge/masks.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>

#include "base/threads.h"
#include "merge/remembered_mask.h"
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

class CountedMask final : public ElementMask {
 public:
  void read(int64_t first, std::span<uint32_t> kept) const override {
    ++reads;
    mask_->read(first, kept);
  }
  mutable std::atomic<int> reads = 0;

 private:
  const std::unique_ptr<ElementMask> mask_ = random_mask(7, 0, "w", 0.4);
};

TEST(RememberedMask, IsDrawnOnceInWholeGroupsAndIsTheMask) {
  constexpr int64_t kGroups = 5, kElements = kGroups * kRememberedGroup + 100;
  const auto counted = std::make_shared<CountedMask>();
  const auto expected = all_of(*random_mask(7, 0, "w", 0.4), kElements);
  const auto mask = remembered(counted, kElements, 4 * kRememberedGroup / 8);
  const auto expect_group = [&](int64_t group) {
    const auto first = group * kRememberedGroup;
    const auto kept = all_of(*mask, static_cast<size_t>(std::min(kRememberedGroup, kElements - first)), first);
    EXPECT_TRUE(std::equal(kept.begin(), kept.end(), expected.begin() + first)) << group;
  };
  parallel_for(
      2 * (kGroups + 1), [&](int64_t i) { expect_group(i / 2); }, 4);
  counted->reads = 0;
  for (int64_t group = 0; group <= kGroups; ++group) expect_group(group);
  EXPECT_EQ(counted->reads, 2);  // of the group beyond what may stay in memory, and of the 100 elements
  const auto across = all_of(*mask, 3000, 1000);
  EXPECT_TRUE(std::equal(across.begin(), across.end(), expected.begin() + 1000));
}

// Threefry4x32-20 written out plainly, to check the vectorised one.
using Words = std::array<uint32_t, 4>;
Words threefry(Words x, const Words& key) {
  constexpr int kRotations[8][2] = {{10, 26}, {11, 21}, {13, 27}, {23, 5}, {6, 20}, {17, 11}, {25, 10}, {18, 20}};
  const uint32_t keys[5] = {key[0], key[1], key[2], key[3], 0x1BD11BDA ^ key[0] ^ key[1] ^ key[2] ^ key[3]};
  for (uint32_t i = 0; i < 4; ++i) x[i] += keys[i];
  for (uint32_t round = 0; round < 20; ++round) {
    const size_t first = round % 2 == 0 ? 1 : 3, second = 4 - first;
    x[0] += x[first];
    x[first] = std::rotl(x[first], kRotations[round % 8][0]) ^ x[0];
    x[2] += x[second];
    x[second] = std::rotl(x[second], kRotations[round % 8][1]) ^ x[2];
    if (round % 4 != 3) continue;
    const uint32_t injection = round / 4 + 1;
    for (uint32_t i = 0; i < 4; ++i) x[i] += keys[(injection + i) % 5];
    x[3] += injection;
  }
  return x;
}

TEST(ProbabilityMask, KeepsEachElementWithItsProbability) {
  constexpr size_t kKinds = 5;
  const std::array<float, kKinds> kinds{0.0f, 0.001f, 0.25f, 0.7f, 0.9999f};
  std::vector<float> probabilities(kMany);
  for (size_t i = 0; i < kMany; ++i) probabilities[i] = kinds[i % kKinds];
  std::vector<uint32_t> kept(kMany);
  const auto mask = probability_mask(7, 0, "w");
  mask->read(0, probabilities, kept);
  for (size_t kind = 0; kind < kKinds; ++kind) {
    std::vector<uint32_t> own;
    for (size_t i = kind; i < kMany; i += kKinds) own.push_back(kept[i]);
    if (kind == 0)
      EXPECT_EQ(share_kept(own), 0);
    else
      EXPECT_LT(deviations(share_kept(own), kinds[kind], own.size()), 4) << kinds[kind];
  }
  // In pieces of any size it is the same.
  for (const size_t piece : {1, 511, 512, 700}) {
    for (size_t first = 3; first + piece < 5000; first += piece) {
      std::vector<uint32_t> part(piece);
      mask->read(static_cast<int64_t>(first), std::span(probabilities).subspan(first, piece), part);
      ASSERT_TRUE(std::equal(part.begin(), part.end(), kept.begin() + static_cast<std::ptrdiff_t>(first)));
    }
  }
}

// Of one probability for all it is the mask of that density, but for its last bit.
TEST(ProbabilityMask, DrawsAsTheMaskOfADensityDoes) {
  for (const float density : {0.25f, 0.6f, 1.0f}) {
    const std::vector<float> probabilities(1 << 17, density);
    std::vector<uint32_t> kept(probabilities.size());
    probability_mask(42, 3, "tensor")->read(0, probabilities, kept);
    EXPECT_EQ(kept, all_of(*random_mask(42, 3, "tensor", density), kept.size())) << density;
  }
}

TEST(RandomMask, DrawsAreThreefrys) {
  // Known answers of the generator's authors.
  EXPECT_EQ(threefry({}, {}), (Words{0x9c6ca96a, 0xe17eae66, 0xfc10ecd4, 0x5256a7d8}));
  EXPECT_EQ(
      threefry({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0, 0x082efa98, 0xec4e6c89}),
      (Words{0x59cd1dbb, 0xb8879579, 0x86b5d00c, 0xac8b6d84}));
  const uint64_t key = XXH64("tensor", 6, 42);
  const auto word_of = [&](uint32_t element, uint32_t sequence) {
    const Words draws = threefry({element / 256 * 64 + element % 64},
                                 {static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32), 3, sequence});
    return draws[element / 64 % 4];
  };
  // The halves of 256 words for 512 elements, and where they do not decide those of the next sequence.
  int undecided = 0;
  for (const double density : {0.25, 0.6000001, 1e-4}) {
    const auto kept = all_of(*random_mask(42, 3, "tensor", density), 1 << 17);
    const auto limit = static_cast<uint64_t>(std::round(std::ldexp(density, 32)));
    for (uint32_t i = 0; i < kept.size(); ++i) {
      const uint32_t element = i / 512 * 256 + i % 256;
      const auto half = [&](uint32_t sequence) {
        return i / 256 % 2 == 0 ? word_of(element, sequence) & 0xFFFF : word_of(element, sequence) >> 16;
      };
      const uint64_t high = half(0);
      undecided += high == limit >> 16;
      const uint64_t draw = high << 16 | (high == limit >> 16 ? half(1) : 0);
      ASSERT_EQ(kept[i] != 0, draw < limit) << i;
    }
  }
  EXPECT_GT(undecided, 0);
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
  for (const size_t distance : {1, 2, 4, 16, 64, 128, 192, 256, 512, 4096, 65536}) {
    std::vector<uint32_t> both(kMany - distance);
    for (size_t i = 0; i < both.size(); ++i) both[i] = kept[i] & kept[i + distance];
    EXPECT_LT(deviations(share_kept(both), 0.16, both.size()), 4) << distance;
  }
}

TEST(RandomMask, IsTheSameInAnyPieces) {
  const auto mask = random_mask(7, 3, "w", 0.4);
  const auto whole = all_of(*mask, 5000);
  for (const size_t piece : {1, 3, 64, 256, 511, 512, 513, 1000}) {
    for (size_t first = 0; first < whole.size(); first += piece) {
      const size_t count = std::min(piece, whole.size() - first);
      const auto part = all_of(*mask, count, static_cast<int64_t>(first));
      ASSERT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + static_cast<int64_t>(first))) << piece;
    }
  }
}

TEST(RandomMask, ReachesElementsBeyond32Bits) {
  const auto mask = random_mask(7, 0, "w", 0.5);
  // Counters are an eighth of the element: these differ in the counter's upper word only.
  EXPECT_NE(all_of(*mask, 256), all_of(*mask, 256, int64_t{1} << 35));
}

TEST(RandomMask, DensitiesNextToTheEndsStayInside) {
  EXPECT_EQ(share_kept(all_of(*random_mask(0, 0, "w", std::nextafter(1.0, 0.0)), kMany)), 1);
  EXPECT_LT(share_kept(all_of(*random_mask(0, 0, "w", 1e-12), kMany)), 1e-5);
}

}  // namespace
}  // namespace vlrm::testing
