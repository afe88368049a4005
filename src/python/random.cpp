#include "python/random.h"

#include <algorithm>
#include <bit>

#include "base/error.h"

namespace vlrm {

// init_by_array of Matsumoto and Nishimura (2002), with the seed as an array of one word.
PythonRandom::PythonRandom(uint32_t seed) {
  const auto mixed = [&](size_t i) { return state_[i - 1] ^ (state_[i - 1] >> 30); };
  state_[0] = 19650218;
  for (size_t i = 1; i < kWords; ++i) state_[i] = 1812433253U * mixed(i) + static_cast<uint32_t>(i);
  size_t i = 1;
  const auto step = [&] {
    if (++i < kWords) return;
    state_[0] = state_[kWords - 1];
    i = 1;
  };
  for (size_t count = 0; count < kWords; ++count, step()) state_[i] = (state_[i] ^ (mixed(i) * 1664525U)) + seed;
  for (size_t count = 1; count < kWords; ++count, step())
    state_[i] = (state_[i] ^ (mixed(i) * 1566083941U)) - static_cast<uint32_t>(i);
  state_[0] = 0x80000000U;
}

void PythonRandom::refill() {
  for (size_t i = 0; i < kWords; ++i) {
    const uint32_t word = (state_[i] & 0x80000000U) | (state_[(i + 1) % kWords] & 0x7FFFFFFFU);
    state_[i] = state_[(i + 397) % kWords] ^ (word >> 1) ^ ((word & 1) != 0 ? 0x9908B0DFU : 0);
  }
  used_ = 0;
}

uint32_t PythonRandom::next() {
  if (used_ == kWords) refill();
  uint32_t word = state_[used_++];
  word ^= word >> 11;
  word ^= (word << 7) & 0x9D2C5680U;
  word ^= (word << 15) & 0xEFC60000U;
  return word ^ (word >> 18);
}

size_t PythonRandom::below(size_t count) {
  VLRM_ASSERT(count > 0 && count <= UINT32_MAX);
  const int bits = std::bit_width(count);
  for (;;)
    if (const size_t drawn = next() >> (32 - bits); drawn < count) return drawn;
}

}  // namespace vlrm
