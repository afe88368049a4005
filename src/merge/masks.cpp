#include "merge/masks.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/target_clones.h"

namespace vlrm {
namespace {

// A group of consecutive elements takes its draws from kLanes Threefry counters, word by word, so that the loop over
// counters stores to consecutive places.
constexpr int64_t kLanes = 64;
constexpr int64_t kGroup = 4 * kLanes;

constexpr int kRounds = 20;

using Key = std::array<uint32_t, 4>;

// The words of the group with that number.
VLRM_TARGET_CLONES void draw_words(const Key& key, uint64_t group, uint32_t* out) {
  constexpr int kRotations[8][2] = {{10, 26}, {11, 21}, {13, 27}, {23, 5}, {6, 20}, {17, 11}, {25, 10}, {18, 20}};
  const uint32_t keys[5] = {key[0], key[1], key[2], key[3], 0x1BD11BDA ^ key[0] ^ key[1] ^ key[2] ^ key[3]};
  const uint64_t counter = group * kLanes;  // a multiple of kLanes: no carry
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
    out[lane] = x0;
    out[lane + kLanes] = x1;
    out[lane + 2 * kLanes] = x2;
    out[lane + 3 * kLanes] = x3;
  }
}

// A mask takes 16 bits of a word for an element, so that one group of words serves two groups of elements: the lower
// halves, then the upper ones. Only where these 16 bits do not decide (once in 65,536), 16 more are taken from the same
// place of a second sequence: an element is kept with its probability to 32 bits (or 31, where each has its own).
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

// Words whose halves decide where the first ones do not.
void draw_more(const Key& key, uint64_t group, uint32_t* words) {
  draw_words({key[0], key[1], key[2], key[3] + 1}, group, words);
}

void draw_mask(const Key& key, uint64_t group, Limit limit, uint32_t* kept) {
  std::array<uint32_t, kGroup> words, more;
  draw_words(key, group, words.data());
  if (!compare_halves(words.data(), limit, kept)) return;
  draw_more(key, group, more.data());
  for (int64_t i = 0; i < kMaskGroup; ++i)
    if (half_of(words.data(), i) == limit.high) kept[i] = half_of(more.data(), i) < limit.low ? ~0u : 0u;
}

// A probability in 31 bits: what converts fast is signed.
[[gnu::always_inline]] inline uint32_t limit_of(float probability) {
  return static_cast<uint32_t>(static_cast<int32_t>(std::min(probability, 0x1.fffffep-1f) * 0x1p31f));
}

VLRM_TARGET_CLONES bool compare_halves_each(const uint32_t* words, const float* probabilities, uint32_t* kept) {
  uint32_t equal = 0;
  for (int64_t i = 0; i < kGroup; ++i) {
    const uint32_t lower = words[i] & 0xFFFF, upper = words[i] >> 16;
    const uint32_t low_limit = limit_of(probabilities[i]) >> 15, up_limit = limit_of(probabilities[i + kGroup]) >> 15;
    kept[i] = lower < low_limit ? ~0u : 0u;
    kept[i + kGroup] = upper < up_limit ? ~0u : 0u;
    equal |= static_cast<uint32_t>(lower == low_limit) | static_cast<uint32_t>(upper == up_limit);
  }
  return equal != 0;
}

void draw_mask(const Key& key, uint64_t group, const float* probabilities, uint32_t* kept) {
  std::array<uint32_t, kGroup> words, more;
  draw_words(key, group, words.data());
  if (!compare_halves_each(words.data(), probabilities, kept)) return;
  draw_more(key, group, more.data());
  for (int64_t i = 0; i < kMaskGroup; ++i) {
    const uint32_t limit = limit_of(probabilities[i]);
    if (half_of(words.data(), i) == limit >> 15) kept[i] = half_of(more.data(), i) >> 1 < (limit & 0x7FFF) ? ~0u : 0u;
  }
}

// The stretches of elements [first, first + count) that lie in one group each.
template <class Part>
void for_each_group(int64_t first, int64_t count, const Part& part) {
  for (int64_t done = 0; done < count;) {
    const int64_t inside = (first + done) % kMaskGroup, taken = std::min(count - done, kMaskGroup - inside);
    part(static_cast<uint64_t>((first + done) / kMaskGroup), inside, done, taken);
    done += taken;
  }
}

class OwnProbabilities final : public ProbabilityMask {
 public:
  explicit OwnProbabilities(const Key& key) : key_(key) {}
  void read(int64_t first, std::span<const float> probabilities, std::span<uint32_t> kept) const override {
    VLRM_ASSERT(probabilities.size() == kept.size());
    const auto part = [&](uint64_t group, int64_t inside, int64_t done, int64_t taken) {
      if (taken == kMaskGroup) return draw_mask(key_, group, probabilities.data() + done, kept.data() + done);
      std::array<float, kMaskGroup> padded{};
      std::array<uint32_t, kMaskGroup> whole;
      std::copy_n(probabilities.begin() + done, taken, padded.begin() + inside);
      draw_mask(key_, group, padded.data(), whole.data());
      std::copy_n(whole.begin() + inside, taken, kept.begin() + done);
    };
    for_each_group(first, static_cast<int64_t>(kept.size()), part);
  }

 private:
  Key key_;
};

class RandomMask final : public ElementMask {
 public:
  RandomMask(const Key& key, Limit limit) : key_(key), limit_(limit) {}
  void read(int64_t first, std::span<uint32_t> kept) const override {
    const auto part = [&](uint64_t group, int64_t inside, int64_t done, int64_t taken) {
      if (taken == kMaskGroup) return draw_mask(key_, group, limit_, kept.data() + done);
      std::array<uint32_t, kMaskGroup> whole;
      draw_mask(key_, group, limit_, whole.data());
      std::copy_n(whole.begin() + inside, taken, kept.begin() + done);
    };
    for_each_group(first, static_cast<int64_t>(kept.size()), part);
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

std::unique_ptr<ProbabilityMask> probability_mask(uint64_t seed, int model, std::string_view tensor) {
  return std::make_unique<OwnProbabilities>(key_of(seed, model, tensor));
}

std::unique_ptr<ElementMask> random_mask(uint64_t seed, int model, std::string_view tensor, double density) {
  const auto limit = static_cast<uint64_t>(std::clamp(std::round(std::ldexp(density, 32)), 1.0, std::ldexp(1.0, 32)));
  return std::make_unique<RandomMask>(key_of(seed, model, tensor),
                                      Limit{static_cast<uint32_t>(limit >> 16), static_cast<uint32_t>(limit & 0xFFFF)});
}

}  // namespace vlrm
