#include "model/silu.h"

#include <bit>

#include "base/target_clones.h"

namespace vlrm {
namespace {

// x, but no further from 0 than 87: e^87 and its reciprocal are normal numbers. Magnitudes are in order as integers,
// too, and comparing these leaves no branch.
[[gnu::always_inline]] inline float limited(float x) {
  constexpr uint32_t kSign = 0x80000000;
  const auto bits = std::bit_cast<uint32_t>(x), limit = std::bit_cast<uint32_t>(87.0f), magnitude = bits & ~kSign;
  return std::bit_cast<float>((bits & kSign) | (magnitude < limit ? magnitude : limit));
}

// eˣ within 2 units in the last place, as plain arithmetic that compilers turn into vectors: 2ⁿ times the series of eʳ,
// where x = n · ln 2 + r and |r| ≤ ln 2 / 2. x is limited.
[[gnu::always_inline]] inline float exponential(float x) {
  constexpr float kLog2E = 1.44269504f, kLn2High = 0.693145752f, kLn2Low = 1.42860677e-6f;  // n · kLn2High is exact
  constexpr float kRounder = 12582912;  // 1.5 · 2²³: a sum with it is rounded to an integer, in its lowest bits
  constexpr uint32_t kOne = 0x3F800000;
  const float rounded = x * kLog2E + kRounder, n = rounded - kRounder;
  const float r = x - n * kLn2High - n * kLn2Low;
  float series = r * (1.0f / 5040) + 1.0f / 720;
  series = series * r + 1.0f / 120;
  series = series * r + 1.0f / 24;
  series = series * r + 1.0f / 6;
  series = series * r + 1.0f / 2;
  series = series * r + 1;
  series = series * r + 1;
  return series * std::bit_cast<float>((std::bit_cast<uint32_t>(rounded) << 23) + kOne);
}

}  // namespace

VLRM_TARGET_CLONES void multiply_by_silu(float* gate, const float* up, int64_t count) {
  for (int64_t i = 0; i < count; ++i) gate[i] = gate[i] / (1 + exponential(limited(-gate[i]))) * up[i];
}

}  // namespace vlrm
