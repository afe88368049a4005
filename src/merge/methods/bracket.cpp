#include "merge/methods/bracket.h"

#include <cmath>

#include "merge/methods/deltas.h"
#include "merge/methods/magnitude_cut.h"
#include "weights/target_clones.h"

namespace vlrm {
namespace {

// The sample is taken in runs, since a read costs more than its elements.
constexpr int64_t kRun = 64;
constexpr int64_t kSmallestSample = 1 << 15, kLargestSample = 1 << 19;
constexpr int64_t kElementsASample = 512;
constexpr double kDeviations = 6;  // of the sampled quantile, on each side

// A fixed scramble (the finalizer of SplitMix64), so that runs do not fall into step with the rows of a matrix.
uint64_t scrambled(uint64_t index) {
  index += 0x9E3779B97F4A7C15;
  index = (index ^ index >> 30) * 0xBF58476D1CE4E5B9;
  index = (index ^ index >> 27) * 0x94D049BB133111EB;
  return index ^ index >> 31;
}

using Sample = std::vector<int32_t>;

// One sample a model, of magnitudes.
std::vector<Sample> take_samples(const MergeInputs& inputs) {
  std::vector<Sample> samples(inputs.models());
  const auto add = [&](const MergeInputs::Block& block) {
    for (size_t m = 0; m < samples.size(); ++m)
      std::transform(block.tensors[m], block.tensors[m] + block.count, std::back_inserter(samples[m]), magnitude_bits);
  };
  const int64_t elements = inputs.elements();
  const int64_t size = std::clamp(elements / kElementsASample, kSmallestSample, kLargestSample);
  if (elements <= 2 * size) {
    visit_deltas(inputs, 0, elements, add);
    return samples;
  }
  const int64_t runs = size / kRun, spacing = elements / runs;
  for (int64_t run = 0; run < runs; ++run) {
    const auto shift =
        static_cast<int64_t>(scrambled(static_cast<uint64_t>(run)) % static_cast<uint64_t>(spacing - kRun));
    visit_deltas(inputs, run * spacing + shift, kRun, add);
  }
  return samples;
}

Bracket bracket_of(Sample& sample, int64_t kept, int64_t elements) {
  const auto size = static_cast<double>(sample.size());
  const double share = static_cast<double>(kept) / static_cast<double>(elements);
  const bool complete = sample.size() == static_cast<size_t>(elements);
  const double margin = complete ? 0 : std::ceil(kDeviations * std::sqrt(size * share * (1 - share))) + 8;
  const double rank = complete ? static_cast<double>(kept - 1) : share * size;
  const auto nth_largest = [&](double n) -> int32_t {
    const auto at = sample.begin() + static_cast<int64_t>(n);
    std::nth_element(sample.begin(), at, sample.end(), std::greater());
    return *at;
  };
  return {.low = rank + margin >= size ? 0 : nth_largest(rank + margin),
          .high = rank - margin < 0 ? INT32_MAX : nth_largest(rank - margin)};
}

struct Ranks {
  int32_t above = 0, from_high = 0, above_low = 0, from_low = 0;  // how many are >, ≥ high, >, ≥ low
};

VLRM_TARGET_CLONES Ranks ranks(const float* deltas, size_t count, Bracket bracket) {
  Ranks ranks;
  for (size_t i = 0; i < count; ++i) {
    const int32_t bits = magnitude_bits(deltas[i]);
    ranks.above += bits > bracket.high;
    ranks.from_high += bits >= bracket.high;
    ranks.above_low += bits > bracket.low;
    ranks.from_low += bits >= bracket.low;
  }
  return ranks;
}

}  // namespace

std::vector<Bracket> sampled_brackets(const MergeInputs& inputs, std::span<const int64_t> kept) {
  auto samples = take_samples(inputs);
  std::vector<Bracket> brackets;
  for (size_t m = 0; m < samples.size(); ++m) brackets.push_back(bracket_of(samples[m], kept[m], inputs.elements()));
  return brackets;
}

void BracketCount::add(std::span<const float> deltas, const Bracket& bracket) {
  const Ranks found = ranks(deltas.data(), deltas.size(), bracket);
  above += found.above;
  at_high += found.from_high - found.above;
  // One value at both ends counts once, as the high one.
  if (bracket.low != bracket.high) at_low += found.from_low - found.above_low;
  if (found.above_low <= found.from_high) return;

  // Without a branch: every element is written, and the end moves behind those that stay.
  size_t end = inside.size();
  inside.resize(end + deltas.size());
  for (const float delta : deltas) {
    const int32_t bits = magnitude_bits(delta);
    inside[end] = bits;
    end += static_cast<size_t>(bits > bracket.low) & static_cast<size_t>(bits < bracket.high);
  }
  inside.resize(end);
}

}  // namespace vlrm
