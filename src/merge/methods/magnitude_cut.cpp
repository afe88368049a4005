#include "merge/methods/magnitude_cut.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <numeric>
#include <optional>

#include "base/error.h"
#include "base/target_clones.h"
#include "merge/methods/bracket.h"
#include "merge/methods/radix_selection.h"
#include "merge/methods/stretches.h"

namespace vlrm {
namespace {

// What the brackets may collect, in all: beyond it (a sample that misled) radix selection takes over.
constexpr int64_t kMostCollected = 8 << 20;

// The counting pass for one of what is wanted, stretch by stretch.
using Counts = std::vector<BracketCount>;

int64_t total(const Counts& counts, int64_t BracketCount::*field) {
  return std::accumulate(counts.begin(), counts.end(), int64_t{0},
                         [&](int64_t sum, const BracketCount& count) { return sum + count.*field; });
}

// One pass over the source; nothing if the brackets collect too much.
std::optional<std::vector<Counts>> count_all(const BlockSource& source, std::span<const LargestOf> wanted,
                                             const std::vector<Bracket>& brackets) {
  std::vector<Counts> counts(wanted.size(), Counts(static_cast<size_t>(stretch_count(source))));
  std::atomic<int64_t> collected{0};
  parallel_for(stretch_count(source), [&](int64_t index) {
    if (collected > kMostCollected) return;
    const auto stretch = static_cast<size_t>(index);
    visit_stretch(source, index, [&](const Block& block) {
      for (size_t i = 0; i < wanted.size(); ++i)
        counts[i][stretch].add({block.tensors[wanted[i].column], static_cast<size_t>(block.count)}, brackets[i]);
    });
    for (const Counts& each : counts) collected += static_cast<int64_t>(each[stretch].inside.size());
  });
  if (collected > kMostCollected) return std::nullopt;
  return counts;
}

// The magnitude at the cut, how many of those that equal it are kept, and how many of them each stretch has.
struct Selected {
  int32_t bits = 0;
  int64_t kept_equals = 0;
  std::vector<int64_t> equals{};
};

// Nothing if the cut is outside the bracket.
std::optional<Selected> select(const Counts& counts, const Bracket& bracket, int64_t kept) {
  Selected selected{.kept_equals = kept - total(counts, &BracketCount::above)};
  int64_t& rank = selected.kept_equals;
  const auto take_end = [&](int32_t bits, int64_t BracketCount::*count) {
    selected.bits = bits;
    for (const BracketCount& each : counts) selected.equals.push_back(each.*count);
    return selected;
  };
  if (rank <= 0) return std::nullopt;
  const int64_t at_high = total(counts, &BracketCount::at_high);
  if (rank <= at_high) return take_end(bracket.high, &BracketCount::at_high);
  rank -= at_high;

  std::vector<int32_t> inside;
  inside.reserve(std::transform_reduce(counts.begin(), counts.end(), size_t{0}, std::plus(),
                                       [](const BracketCount& count) { return count.inside.size(); }));
  for (const BracketCount& count : counts) inside.insert(inside.end(), count.inside.begin(), count.inside.end());
  const auto size = static_cast<int64_t>(inside.size());
  if (rank <= size) {
    std::nth_element(inside.begin(), inside.begin() + (rank - 1), inside.end(), std::greater());
    selected.bits = inside[static_cast<size_t>(rank - 1)];
    rank -= std::ranges::count_if(inside, [&](int32_t bits) { return bits > selected.bits; });
    for (const BracketCount& count : counts) selected.equals.push_back(std::ranges::count(count.inside, selected.bits));
    return selected;
  }
  rank -= size;
  if (rank <= total(counts, &BracketCount::at_low)) return take_end(bracket.low, &BracketCount::at_low);
  return std::nullopt;
}

std::optional<std::vector<Selected>> select_all(const BlockSource& source, std::span<const LargestOf> wanted,
                                                const std::vector<Bracket>& brackets) {
  const auto counts = count_all(source, wanted, brackets);
  if (!counts) return std::nullopt;
  std::vector<std::optional<Selected>> found(wanted.size());
  parallel_for(static_cast<int64_t>(found.size()), [&](int64_t index) {
    const auto i = static_cast<size_t>(index);
    found[i] = select((*counts)[i], brackets[i], wanted[i].kept);
  });
  std::vector<Selected> all;
  for (auto& selected : found) {
    if (!selected) return std::nullopt;
    all.push_back(std::move(*selected));
  }
  return all;
}

// The index after the nth (from 1) element that equals the cut.
int64_t end_of_equals(const BlockSource& source, size_t column, const Selected& selected, int64_t nth) {
  size_t stretch = 0;
  while (selected.equals[stretch] < nth) nth -= selected.equals[stretch++];
  int64_t end = -1;
  visit_stretch(source, static_cast<int64_t>(stretch), [&](const Block& block) {
    for (int64_t i = 0; i < block.count; ++i)
      if (magnitude_bits(block.tensors[column][i]) == selected.bits && --nth == 0) end = block.first + i + 1;
  });
  VLRM_ASSERT(end > 0);
  return end;
}

MagnitudeCut cut_of(const BlockSource& source, const LargestOf& wanted, const Selected& selected) {
  MagnitudeCut cut{.bits = selected.bits};
  const int64_t equals = std::accumulate(selected.equals.begin(), selected.equals.end(), int64_t{0});
  if (selected.kept_equals == equals) return cut;
  if (wanted.first_of_equals)
    cut.equals_end = end_of_equals(source, wanted.column, selected, selected.kept_equals);
  else
    cut.equals_begin = end_of_equals(source, wanted.column, selected, equals - selected.kept_equals);
  return cut;
}

VLRM_TARGET_CLONES void keep_from(float* values, int64_t count, int32_t least) {
  for (int64_t i = 0; i < count; ++i) values[i] = magnitude_bits(values[i]) >= least ? values[i] : 0.0f;
}

VLRM_TARGET_CLONES void keep_below(float* values, int64_t count, int32_t bound) {
  for (int64_t i = 0; i < count; ++i) values[i] = magnitude_bits(values[i]) < bound ? values[i] : 0.0f;
}

// Calls apply(values, count, least kept magnitude) for the elements before, among and behind the equals that are kept.
template <class Apply>
void in_parts(const MagnitudeCut& cut, float* values, int64_t first, int64_t count, const Apply& apply) {
  const int64_t begin = std::clamp<int64_t>(cut.equals_begin - first, 0, count);
  const int64_t end = std::clamp<int64_t>(cut.equals_end - first, begin, count);
  if (begin > 0) apply(values, begin, cut.bits + 1);
  apply(values + begin, end - begin, cut.bits);
  if (end < count) apply(values + end, count - end, cut.bits + 1);
}

}  // namespace

void MagnitudeCut::trim(float* values, int64_t first, int64_t count) const {
  in_parts(*this, values, first, count, keep_from);
}

void MagnitudeCut::drop(float* values, int64_t first, int64_t count) const {
  in_parts(*this, values, first, count, keep_below);
}

std::vector<MagnitudeCut> largest_magnitudes(const BlockSource& source, std::span<const LargestOf> wanted) {
  const auto is_all = [&](const LargestOf& each) { return each.kept == source.elements(); };
  if (std::ranges::all_of(wanted, is_all)) return std::vector<MagnitudeCut>(wanted.size());

  // Four deviations suffice for independent elements; those of a run are not quite.
  auto selected = select_all(source, wanted, sampled_brackets(source, wanted, 4));
  if (!selected) selected = select_all(source, wanted, sampled_brackets(source, wanted, 16));
  if (!selected) {
    std::vector<Bracket> exact;
    for (const int32_t bits : radix_select(source, wanted)) exact.push_back({bits, bits});
    selected = select_all(source, wanted, exact);
    VLRM_ASSERT(selected);
  }
  std::vector<MagnitudeCut> cuts;
  for (size_t i = 0; i < wanted.size(); ++i) cuts.push_back(cut_of(source, wanted[i], (*selected)[i]));
  return cuts;
}

}  // namespace vlrm
