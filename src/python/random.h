// The random numbers that CPython's module random gives for a seed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace vlrm {

// A Mersenne Twister (MT19937) seeded and drawn from as random.seed(int) and random.choice do since Python 3.2.
class PythonRandom {
 public:
  explicit PythonRandom(uint32_t seed);
  size_t below(size_t count);  // the index that random.choice takes of `count` items, 0 < count < 2^32

 private:
  uint32_t next();
  void refill();
  static constexpr size_t kWords = 624;
  std::array<uint32_t, kWords> state_;
  size_t used_ = kWords;
};

}  // namespace vlrm
