// Which elements of a tensor the methods keep that drop some at random.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace vlrm {

class ElementMask {
 public:
  virtual ~ElementMask() = default;
  // For elements [first, first + kept.size()): all bits set where the element is kept, else 0. From any thread.
  virtual void read(int64_t first, std::span<uint32_t> kept) const = 0;
};

// Keeps each element with a probability of its own, independently.
class ProbabilityMask {
 public:
  virtual ~ProbabilityMask() = default;
  // As ElementMask's, for elements with these probabilities (0 to 1, of which 31 bits count).
  virtual void read(int64_t first, std::span<const float> probabilities, std::span<uint32_t> kept) const = 0;
};

// The draws are Threefry4x32-20's (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011), keyed by seed,
// tensor name and model, counted by element: so they depend on neither threads nor chunks nor what else is merged.
std::unique_ptr<ProbabilityMask> probability_mask(uint64_t seed, int model, std::string_view tensor);

// The smallest density of a random_mask that is drawn as it is: a draw has 32 bits.
constexpr double kLeastDensity = 0x1p-32;

// Keeps each element with probability `density` (kLeastDensity to 1), independently, by these draws.
std::unique_ptr<ElementMask> random_mask(uint64_t seed, int model, std::string_view tensor, double density);

}  // namespace vlrm
