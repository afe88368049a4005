#include "merge/masks.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "weights/target_clones.h"

namespace vlrm {
namespace {

// A group of consecutive elements takes its draws from kLanes Philox counters, word by word, so that the loop over
// counters stores to consecutive places.
constexpr int64_t kLanes = 64;
constexpr int64_t kGroup = 4 * kLanes;

struct Philox {
  uint64_t key;
  uint32_t stream;
  uint32_t limit;  // a draw up to this one keeps its element
};

// The masks of `groups` whole groups from the one numbered `first_group`.
VLRM_TARGET_CLONES void draw_groups(const Philox& philox, uint64_t first_group, int64_t groups, uint32_t* kept) {
  for (int64_t group = 0; group < groups; ++group, kept += kGroup) {
    const uint64_t counter = (first_group + static_cast<uint64_t>(group)) * kLanes;  // a multiple of kLanes: no carry
    const auto low = static_cast<uint32_t>(counter), high = static_cast<uint32_t>(counter >> 32);
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      uint32_t c0 = low + lane, c1 = high, c2 = philox.stream, c3 = 0;
      auto k0 = static_cast<uint32_t>(philox.key), k1 = static_cast<uint32_t>(philox.key >> 32);
#pragma GCC unroll 10
      for (int round = 0; round < 10; ++round) {
        const uint64_t product0 = uint64_t{c0} * 0xD2511F53u, product1 = uint64_t{c2} * 0xCD9E8D57u;
        c0 = static_cast<uint32_t>(product1 >> 32) ^ c1 ^ k0;
        c1 = static_cast<uint32_t>(product1);
        c2 = static_cast<uint32_t>(product0 >> 32) ^ c3 ^ k1;
        c3 = static_cast<uint32_t>(product0);
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
      }
      kept[lane] = c0 <= philox.limit ? ~0u : 0u;
      kept[lane + kLanes] = c1 <= philox.limit ? ~0u : 0u;
      kept[lane + 2 * kLanes] = c2 <= philox.limit ? ~0u : 0u;
      kept[lane + 3 * kLanes] = c3 <= philox.limit ? ~0u : 0u;
    }
  }
}

class RandomMask final : public ElementMask {
 public:
  explicit RandomMask(Philox philox) : philox_(philox) {}

  void read(int64_t first, std::span<uint32_t> kept) const override {
    auto group = static_cast<uint64_t>(first / kGroup);
    int64_t skipped = first % kGroup;
    while (!kept.empty()) {
      const auto whole_groups = skipped == 0 ? static_cast<int64_t>(kept.size()) / kGroup : 0;
      if (whole_groups > 0) {
        draw_groups(philox_, group, whole_groups, kept.data());
        group += static_cast<uint64_t>(whole_groups);
        kept = kept.subspan(static_cast<size_t>(whole_groups * kGroup));
        continue;
      }
      std::array<uint32_t, kGroup> whole;
      draw_groups(philox_, group++, 1, whole.data());
      const size_t count = std::min(kept.size(), static_cast<size_t>(kGroup - skipped));
      std::copy_n(whole.begin() + skipped, count, kept.begin());
      kept = kept.subspan(count);
      skipped = 0;
    }
  }

 private:
  Philox philox_;
};

}  // namespace

std::unique_ptr<ElementMask> random_mask(uint64_t seed, int model, std::string_view tensor, double density) {
  const double draws = std::clamp(std::round(std::ldexp(density, 32)), 1.0, std::ldexp(1.0, 32));
  return std::make_unique<RandomMask>(Philox{.key = XXH64(tensor.data(), tensor.size(), seed),
                                             .stream = static_cast<uint32_t>(model),
                                             .limit = static_cast<uint32_t>(draws - 1)});
}

}  // namespace vlrm
