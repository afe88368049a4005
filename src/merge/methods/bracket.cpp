#include "merge/methods/bracket.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "base/target_clones.h"
#include "base/threads.h"

namespace vlrm {
namespace {

// The sample is taken in runs, since a read costs more than its elements.
constexpr int64_t kRun = 64, kRunsTogether = 32;
constexpr int64_t kSmallestSample = 1 << 15, kLargestSample = 1 << 19;
constexpr int64_t kElementsASample = 256;

// A fixed scramble (the finalizer of SplitMix64), so that runs do not fall into step with the rows of a matrix.
uint64_t scrambled(uint64_t index) {
  index += 0x9E3779B97F4A7C15;
  index = (index ^ index >> 30) * 0xBF58476D1CE4E5B9;
  index = (index ^ index >> 27) * 0x94D049BB133111EB;
  return index ^ index >> 31;
}

using Sample = std::vector<int32_t>;

// One sample a column, of magnitudes.
std::vector<Sample> take_samples(const BlockSource& source) {
  std::vector<Sample> samples(source.columns());
  // What is visited from `first` on stands in the samples from `at` on.
  const auto copy = [&](int64_t first, int64_t count, int64_t at) {
    source.visit(first, count, [&](const Block& block) {
      for (size_t m = 0; m < samples.size(); ++m)
        std::transform(block.tensors[m], block.tensors[m] + block.count,
                       samples[m].begin() + (at + block.first - first), magnitude_bits);
    });
  };
  const auto resize = [&](int64_t size) {
    for (Sample& sample : samples) sample.resize(static_cast<size_t>(size));
  };
  const int64_t elements = source.elements();
  const int64_t size = std::clamp(elements / kElementsASample, kSmallestSample, kLargestSample);
  const int64_t run = source.row() == 0 ? kRun : source.row();
  const int64_t runs = std::max<int64_t>(1, size / run), spacing = elements / runs;
  if (elements <= 2 * size || spacing <= run) {
    resize(elements);
    copy(0, elements, 0);
    return samples;
  }
  resize(runs * run);
  parallel_for((runs + kRunsTogether - 1) / kRunsTogether, [&](int64_t group) {
    for (int64_t i = group * kRunsTogether; i < std::min(runs, (group + 1) * kRunsTogether); ++i) {
      const uint64_t shift = scrambled(static_cast<uint64_t>(i)) % static_cast<uint64_t>(spacing - run);
      const int64_t first = i * spacing + static_cast<int64_t>(shift);
      copy(source.row() == 0 ? first : first / run * run, run, i * run);
    }
  });
  return samples;
}

Bracket bracket_of(Sample& sample, int64_t kept, int64_t elements, double deviations) {
  const auto size = static_cast<double>(sample.size());
  const double fraction = static_cast<double>(kept) / static_cast<double>(elements);
  const bool complete = sample.size() == static_cast<size_t>(elements);
  const double margin =
      complete ? 0 : std::ceil(deviations * std::sqrt(size * fraction * (1 - fraction))) + 2 * deviations;
  const double rank = complete ? static_cast<double>(kept - 1) : fraction * size;
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

// A block is looked at as kRows rows: what is done for all columns at once needs no step across vector lanes.
constexpr int64_t kRows = 16, kMostColumns = BlockSource::kBlock / kRows;

// `hits` gets how many of each column are strictly inside the bracket.
VLRM_TARGET_CLONES Ranks rank_columns(const float* values, int64_t columns, Bracket bracket, int32_t* hits) {
  Ranks ranks;
  for (int64_t column = 0; column < columns; ++column) {
    int32_t from_high = 0, above_low = 0;
#pragma GCC unroll 16
    for (int64_t row = 0; row < kRows; ++row) {
      const int32_t bits = magnitude_bits(values[row * columns + column]);
      ranks.above += bits > bracket.high;
      from_high += bits >= bracket.high;
      above_low += bits > bracket.low;
      ranks.from_low += bits >= bracket.low;
    }
    hits[column] = above_low - from_high;
    ranks.from_high += from_high;
    ranks.above_low += above_low;
  }
  return ranks;
}

bool is_inside(int32_t bits, const Bracket& bracket) {
  return bits > bracket.low && bits < bracket.high;
}

}  // namespace

std::vector<Bracket> sampled_brackets(const BlockSource& source, std::span<const LargestOf> wanted, double deviations) {
  auto samples = take_samples(source);
  std::vector<Bracket> brackets(wanted.size());
  parallel_for(static_cast<int64_t>(samples.size()), [&](int64_t index) {
    const auto column = static_cast<size_t>(index);
    for (size_t i = 0; i < wanted.size(); ++i)
      if (wanted[i].column == column)
        brackets[i] = bracket_of(samples[column], wanted[i].kept, source.elements(), deviations);
  });
  return brackets;
}

void BracketCount::add(std::span<const float> values, const Bracket& bracket) {
  constexpr size_t kBlock = BlockSource::kBlock;
  for (; values.size() > kBlock; values = values.subspan(kBlock)) add_block(values.first(kBlock), bracket);
  add_block(values, bracket);
}

void BracketCount::add_block(std::span<const float> values, const Bracket& bracket) {
  const auto columns = static_cast<int64_t>(values.size()) / kRows;
  std::array<int32_t, kMostColumns> hits;
  const Ranks ranks = rank_columns(values.data(), columns, bracket, hits.data());
  above += ranks.above;
  at_high += ranks.from_high - ranks.above;
  // A bracket of one value counts it once, as the high one.
  if (bracket.low != bracket.high) at_low += ranks.from_low - ranks.above_low;
  if (ranks.above_low > ranks.from_high) collect(values, columns, hits.data(), bracket);

  for (const float value : values.subspan(static_cast<size_t>(columns * kRows))) {
    const int32_t bits = magnitude_bits(value);
    above += bits > bracket.high;
    at_high += bits == bracket.high;
    at_low += bits == bracket.low && bits != bracket.high;
    if (is_inside(bits, bracket)) inside.push_back(bits);
  }
}

void BracketCount::collect(std::span<const float> values, int64_t columns, const int32_t* hits,
                           const Bracket& bracket) {
  // No branch depends on the values: each is written, and the end moves on behind those that stay.
  std::array<int32_t, kMostColumns + 1> hit;
  size_t hit_end = 0;
  for (int32_t column = 0; column < columns; ++column) {
    hit[hit_end] = column;
    hit_end += hits[column] > 0;
  }
  std::array<int32_t, BlockSource::kBlock + 1> found;
  size_t end = 0;
  for (size_t i = 0; i < hit_end; ++i) {
    for (int64_t row = 0; row < kRows; ++row) {
      const int32_t bits = magnitude_bits(values[static_cast<size_t>(row * columns + hit[i])]);
      found[end] = bits;
      end += static_cast<size_t>(bits > bracket.low) & static_cast<size_t>(bits < bracket.high);
    }
  }
  inside.insert(inside.end(), found.begin(), found.begin() + end);
}

}  // namespace vlrm
