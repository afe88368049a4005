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

// A mask takes 16 bits of a word for an element, so that one group of words serves two groups of elements: the lower
// halves, then the upper ones. Only where these 16 bits do not decide (once in 65,536), 16 more are taken from the same
// place of a second sequence: an element is kept with its probability to 32 bits.
constexpr int64_t kMaskGroup = 2 * kGroup;

struct Limit {
  uint32_t high, low;  // of 32 bits: a draw below it keeps its element
};

// Gives whether some halves are equal to limit.high, and so do not decide.
VLRM_TARGET_CLONES bool compare_halves(const uint32_t* words, Limit limit, uint32_t* kept) {
  uint32_t equal = 0;
  for (int64_t i = 0; i < kGroup; ++i) {
    const uint32_t lower = words[i] & 0xFFFF, upper = words[i] >> 16;
    kept[i] = lower < limit.high ? ~0u : 0u;
    kept[i + kGroup] = upper < limit.high ? ~0u : 0u;
    equal |= static_cast<uint32_t>(lower == limit.high) | static_cast<uint32_t>(upper == limit.high);
  }
  return equal != 0;
}

uint32_t half_of(const uint32_t* words, int64_t element) {
  return element < kGroup ? words[element] & 0xFFFF : words[element - kGroup] >> 16;
}

void draw_masks(const Key& key, uint64_t first_group, int64_t groups, uint32_t* kept, Limit limit) {
  std::array<uint32_t, kGroup> words, more;
  for (int64_t group = 0; group < groups; ++group, kept += kMaskGroup) {
    const uint64_t number = first_group + static_cast<uint64_t>(group);
    draw_words(key, number, 1, words.data());
    if (!compare_halves(words.data(), limit, kept)) continue;
    draw_words({key[0], key[1], key[2], key[3] + 1}, number, 1, more.data());
    for (int64_t i = 0; i < kMaskGroup; ++i)
      if (half_of(words.data(), i) == limit.high) kept[i] = half_of(more.data(), i) < limit.low ? ~0u : 0u;
  }
}

// Elements [first, first + out.size()), where draw(first_group, groups, out) gives whole groups of kSize.
template <int64_t kSize, class Draw>
void read_elements(int64_t first, std::span<uint32_t> out, const Draw& draw) {
  auto group = static_cast<uint64_t>(first / kSize);
  int64_t skipped = first % kSize;
  while (!out.empty()) {
    const auto whole_groups = skipped == 0 ? static_cast<int64_t>(out.size()) / kSize : 0;
    if (whole_groups > 0) {
      draw(group, whole_groups, out.data());
      group += static_cast<uint64_t>(whole_groups);
      out = out.subspan(static_cast<size_t>(whole_groups * kSize));
      continue;
    }
    std::array<uint32_t, kSize> whole;
    draw(group++, 1, whole.data());
    const size_t count = std::min(out.size(), static_cast<size_t>(kSize - skipped));
    std::copy_n(whole.begin() + skipped, count, out.begin());
    out = out.subspan(count);
    skipped = 0;
  }
}

class ThreefryDraws final : public RandomDraws {
 public:
  explicit ThreefryDraws(const Key& key) : key_(key) {}
  void read(int64_t first, std::span<uint32_t> draws) const override {
    read_elements<kGroup>(first, draws,
                          [&](uint64_t group, int64_t groups, uint32_t* out) { draw_words(key_, group, groups, out); });
  }

 private:
  Key key_;
};

class RandomMask final : public ElementMask {
 public:
  RandomMask(const Key& key, Limit limit) : key_(key), limit_(limit) {}
  void read(int64_t first, std::span<uint32_t> kept) const override {
    read_elements<kMaskGroup>(first, kept, [&](uint64_t group, int64_t groups, uint32_t* out) {
      draw_masks(key_, group, groups, out, limit_);
    });
  }

 private:
  Key key_;
  Limit limit_;
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
  const auto limit = static_cast<uint64_t>(std::clamp(std::round(std::ldexp(density, 32)), 1.0, std::ldexp(1.0, 32)));
  return std::make_unique<RandomMask>(key_of(seed, model, tensor),
                                      Limit{static_cast<uint32_t>(limit >> 16), static_cast<uint32_t>(limit & 0xFFFF)});
}

}  // namespace vlrm
