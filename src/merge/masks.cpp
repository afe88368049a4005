#include "merge/masks.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <utility>

#include "weights/target_clones.h"

namespace vlrm {
namespace {

// A group of consecutive elements takes its draws from kLanes Threefry counters, word by word, so that the loop over
// counters stores to consecutive places.
constexpr int64_t kLanes = 64;
constexpr int64_t kGroup = 4 * kLanes;

constexpr int kRounds = 20;

struct Draws {
  std::array<uint32_t, 4> key;
  uint32_t limit;  // a draw up to this one keeps its element
};

// The masks of `groups` whole groups from the one numbered `first_group`.
VLRM_TARGET_CLONES void draw_groups(const Draws& draws, uint64_t first_group, int64_t groups, uint32_t* kept) {
  constexpr int kRotations[8][2] = {{10, 26}, {11, 21}, {13, 27}, {23, 5}, {6, 20}, {17, 11}, {25, 10}, {18, 20}};
  const auto& key = draws.key;
  const uint32_t keys[5] = {key[0], key[1], key[2], key[3], 0x1BD11BDA ^ key[0] ^ key[1] ^ key[2] ^ key[3]};
  for (int64_t group = 0; group < groups; ++group, kept += kGroup) {
    const uint64_t counter = (first_group + static_cast<uint64_t>(group)) * kLanes;  // a multiple of kLanes: no carry
    const auto low = static_cast<uint32_t>(counter), high = static_cast<uint32_t>(counter >> 32);
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      uint32_t x0 = low + lane + keys[0], x1 = high + keys[1], x2 = keys[2], x3 = keys[3];
#pragma GCC unroll 20
      for (int round = 0; round < kRounds; ++round) {
        if (round % 2 == 1) std::swap(x1, x3);
        x0 += x1;
        x1 = std::rotl(x1, kRotations[round % 8][0]) ^ x0;
        x2 += x3;
        x3 = std::rotl(x3, kRotations[round % 8][1]) ^ x2;
        if (round % 2 == 1) std::swap(x1, x3);
        if (round % 4 == 3) {
          const int injection = round / 4 + 1;
          x0 += keys[injection % 5];
          x1 += keys[(injection + 1) % 5];
          x2 += keys[(injection + 2) % 5];
          x3 += keys[(injection + 3) % 5] + static_cast<uint32_t>(injection);
        }
      }
      kept[lane] = x0 <= draws.limit ? ~0u : 0u;
      kept[lane + kLanes] = x1 <= draws.limit ? ~0u : 0u;
      kept[lane + 2 * kLanes] = x2 <= draws.limit ? ~0u : 0u;
      kept[lane + 3 * kLanes] = x3 <= draws.limit ? ~0u : 0u;
    }
  }
}

class RandomMask final : public ElementMask {
 public:
  explicit RandomMask(const Draws& draws) : draws_(draws) {}

  void read(int64_t first, std::span<uint32_t> kept) const override {
    auto group = static_cast<uint64_t>(first / kGroup);
    int64_t skipped = first % kGroup;
    while (!kept.empty()) {
      const auto whole_groups = skipped == 0 ? static_cast<int64_t>(kept.size()) / kGroup : 0;
      if (whole_groups > 0) {
        draw_groups(draws_, group, whole_groups, kept.data());
        group += static_cast<uint64_t>(whole_groups);
        kept = kept.subspan(static_cast<size_t>(whole_groups * kGroup));
        continue;
      }
      std::array<uint32_t, kGroup> whole;
      draw_groups(draws_, group++, 1, whole.data());
      const size_t count = std::min(kept.size(), static_cast<size_t>(kGroup - skipped));
      std::copy_n(whole.begin() + skipped, count, kept.begin());
      kept = kept.subspan(count);
      skipped = 0;
    }
  }

 private:
  Draws draws_;
};

}  // namespace

std::unique_ptr<ElementMask> random_mask(uint64_t seed, int model, std::string_view tensor, double density) {
  const uint64_t key = XXH64(tensor.data(), tensor.size(), seed);
  const double values_kept = std::clamp(std::round(std::ldexp(density, 32)), 1.0, std::ldexp(1.0, 32));
  return std::make_unique<RandomMask>(
      Draws{.key = {static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32), static_cast<uint32_t>(model), 0},
            .limit = static_cast<uint32_t>(values_kept - 1)});
}

}  // namespace vlrm
