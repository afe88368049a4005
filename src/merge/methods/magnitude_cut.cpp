#include "merge/methods/magnitude_cut.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <numeric>
#include <optional>

#include "base/error.h"
#include "base/threads.h"
#include "merge/methods/bracket.h"
#include "merge/methods/deltas.h"
#include "merge/methods/radix_selection.h"

namespace vlrm {
namespace {

// What the brackets may collect, in all: beyond it (a sample that misled) radix selection takes over.
constexpr int64_t kMostCollected = 8 << 20;

// The counting pass of one model, stretch by stretch.
using Counts = std::vector<BracketCount>;

int64_t total(const Counts& counts, int64_t BracketCount::*field) {
  return std::accumulate(counts.begin(), counts.end(), int64_t{0},
                         [&](int64_t sum, const BracketCount& count) { return sum + count.*field; });
}

// One pass over the tensors; nothing if the brackets collect too much.
std::optional<std::vector<Counts>> count_all(const MergeInputs& inputs, const std::vector<Bracket>& brackets) {
  std::vector<Counts> counts(brackets.size(), Counts(static_cast<size_t>(stretch_count(inputs))));
  std::atomic<int64_t> collected{0};
  parallel_for(stretch_count(inputs), [&](int64_t index) {
    if (collected > kMostCollected) return;
    const auto stretch = static_cast<size_t>(index);
    visit_stretch(inputs, index, [&](const MergeInputs::Block& block) {
      for (size_t m = 0; m < brackets.size(); ++m)
        counts[m][stretch].add({block.tensors[m], static_cast<size_t>(block.count)}, brackets[m]);
    });
    for (const Counts& model : counts) collected += static_cast<int64_t>(model[stretch].inside.size());
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

std::optional<std::vector<Selected>> select_all(const MergeInputs& inputs, const std::vector<Bracket>& brackets,
                                                std::span<const int64_t> kept) {
  const auto counts = count_all(inputs, brackets);
  if (!counts) return std::nullopt;
  std::vector<Selected> all;
  for (size_t m = 0; m < kept.size(); ++m) {
    auto selected = select((*counts)[m], brackets[m], kept[m]);
    if (!selected) return std::nullopt;
    all.push_back(std::move(*selected));
  }
  return all;
}

MagnitudeCut cut_of(const MergeInputs& inputs, size_t model, const Selected& selected) {
  if (selected.kept_equals == std::accumulate(selected.equals.begin(), selected.equals.end(), int64_t{0}))
    return {.bits = selected.bits};
  int64_t nth = selected.kept_equals;
  size_t stretch = 0;
  while (selected.equals[stretch] < nth) nth -= selected.equals[stretch++];
  MagnitudeCut cut{.bits = selected.bits, .ties_end = -1};
  visit_stretch(inputs, static_cast<int64_t>(stretch), [&](const MergeInputs::Block& block) {
    for (int64_t i = 0; i < block.count; ++i)
      if (magnitude_bits(block.tensors[model][i]) == cut.bits && --nth == 0) cut.ties_end = block.first + i + 1;
  });
  VLRM_ASSERT(cut.ties_end > 0);
  return cut;
}

}  // namespace

std::vector<MagnitudeCut> largest_deltas(const MergeInputs& inputs, std::span<const int64_t> kept) {
  const auto is_all = [&](int64_t count) { return count == inputs.elements(); };
  if (std::ranges::all_of(kept, is_all)) return std::vector<MagnitudeCut>(kept.size());

  // Four deviations suffice for independent elements; those of a run are not quite.
  auto selected = select_all(inputs, sampled_brackets(inputs, kept, 4), kept);
  if (!selected) selected = select_all(inputs, sampled_brackets(inputs, kept, 16), kept);
  if (!selected) {
    std::vector<Bracket> exact;
    for (const int32_t bits : radix_select(inputs, kept)) exact.push_back({bits, bits});
    selected = select_all(inputs, exact, kept);
    VLRM_ASSERT(selected);
  }
  std::vector<MagnitudeCut> cuts;
  for (size_t m = 0; m < kept.size(); ++m) cuts.push_back(cut_of(inputs, m, (*selected)[m]));
  return cuts;
}

}  // namespace vlrm
