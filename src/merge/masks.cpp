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

using Key = std::array<uint32_t, 4>;

// The draws of `groups` whole groups from the one numbered `first_group`, each as `form` gives it.
template <class Form>
[[gnu::always_inline]] inline void draw_groups(const Key& key, uint64_t first_group, int64_t groups, uint32_t* out,
                                               const Form& form) {
  constexpr int kRotations[8][2] = {{10, 26}, {11, 21}, {13, 27}, {23, 5}, {6, 20}, {17, 11}, {25, 10}, {18, 20}};
  const uint32_t keys[5] = {key[0], key[1], key[2], key[3], 0x1BD11BDA ^ key[0] ^ key[1] ^ key[2] ^ key[3]};
  for (int64_t group = 0; group < groups; ++group, out += kGroup) {
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
      out[lane] = form(x0);
      out[lane + kLanes] = form(x1);
      out[lane + 2 * kLanes] = form(x2);
      out[lane + 3 * kLanes] = form(x3);
    }
  }
}

VLRM_TARGET_CLONES void draw_words(const Key& key, uint64_t first_group, int64_t groups, uint32_t* draws) {
  draw_groups(key, first_group, groups, draws, [](uint32_t draw) { return draw; });
}

// A draw up to `limit` keeps its element.
VLRM_TARGET_CLONES void draw_masks(const Key& key, uint64_t first_group, int64_t groups, uint32_t* kept,
                                   uint32_t limit) {
  draw_groups(key, first_group, groups, kept, [limit](uint32_t draw) { return draw <= limit ? ~0u : 0u; });
}

// Elements [first, first + out.size()), where draw(first_group, groups, out) gives whole groups.
template <class Draw>
void read_elements(int64_t first, std::span<uint32_t> out, const Draw& draw) {
  auto group = static_cast<uint64_t>(first / kGroup);
  int64_t skipped = first % kGroup;
  while (!out.empty()) {
    const auto whole_groups = skipped == 0 ? static_cast<int64_t>(out.size()) / kGroup : 0;
    if (whole_groups > 0) {
      draw(group, whole_groups, out.data());
      group += static_cast<uint64_t>(whole_groups);
      out = out.subspan(static_cast<size_t>(whole_groups * kGroup));
      continue;
    }
    std::array<uint32_t, kGroup> whole;
    draw(group++, 1, whole.data());
    const size_t count = std::min(out.size(), static_cast<size_t>(kGroup - skipped));
    std::copy_n(whole.begin() + skipped, count, out.begin());
    out = out.subspan(count);
    skipped = 0;
  }
}

class ThreefryDraws final : public RandomDraws {
 public:
  explicit ThreefryDraws(const Key& key) : key_(key) {}
  void read(int64_t first, std::span<uint32_t> draws) const override {
    read_elements(first, draws,
                  [&](uint64_t group, int64_t groups, uint32_t* out) { draw_words(key_, group, groups, out); });
  }

 private:
  Key key_;
};

class RandomMask final : public ElementMask {
 public:
  RandomMask(const Key& key, uint32_t limit) : key_(key), limit_(limit) {}
  void read(int64_t first, std::span<uint32_t> kept) const override {
    read_elements(first, kept,
                  [&](uint64_t group, int64_t groups, uint32_t* out) { draw_masks(key_, group, groups, out, limit_); });
  }

 private:
  Key key_;
  uint32_t limit_;
};

Key key_of(uint64_t seed, int model, std::string_view tensor) {
  const uint64_t hash = XXH64(tensor.data(), tensor.size(), seed);
  return {static_cast<uint32_t>(hash), static_cast<uint32_t>(hash >> 32), static_cast<uint32_t>(model), 0};
}

}  // namespace

std::unique_ptr<RandomDraws> random_draws(uint64_t seed, int model, std::string_view tensor) {
  return std::make_unique<ThreefryDraws>(key_of(seed, model, tensor));
}

std::unique_ptr<ElementMask> random_mask(uint64_t seed, int model, std::string_view tensor, double density) {
  const double values_kept = std::clamp(std::round(std::ldexp(density, 32)), 1.0, std::ldexp(1.0, 32));
  return std::make_unique<RandomMask>(key_of(seed, model, tensor), static_cast<uint32_t>(values_kept - 1));
}

}  // namespace vlrm
