#include "merge/methods/radix_selection.h"

#include <functional>
#include <mutex>

#include "base/threads.h"
#include "merge/methods/deltas.h"
#include "merge/methods/magnitude_cut.h"

namespace vlrm {
namespace {

using Histogram = std::vector<int64_t>;

// What is known of a model's magnitude so far: its bits above the level, and its rank among those that share them.
struct Search {
  int32_t prefix = 0;
  int64_t rank = 0;
};

struct Level {
  int shift, width;  // of the bits that it finds
};

void count(std::span<const float> deltas, int32_t prefix, Level level, Histogram& histogram) {
  const int32_t last = (1 << level.width) - 1;
  for (const float delta : deltas) {
    const int32_t bits = magnitude_bits(delta) >> level.shift;
    if (bits >> level.width == prefix) ++histogram[static_cast<size_t>(bits & last)];
  }
}

void descend(Search& search, const Histogram& histogram, Level level) {
  size_t bin = histogram.size() - 1;
  while (histogram[bin] < search.rank) search.rank -= histogram[bin--];
  search.prefix = search.prefix << level.width | static_cast<int32_t>(bin);
}

void run(const MergeInputs& inputs, Level level, std::vector<Search>& searches) {
  const std::vector<Histogram> zeros(searches.size(), Histogram(size_t{1} << level.width));
  std::vector<Histogram> histograms = zeros;
  std::mutex mutex;
  parallel_for(stretch_count(inputs), [&](int64_t stretch) {
    std::vector<Histogram> own = zeros;
    visit_stretch(inputs, stretch, [&](const MergeInputs::Block& block) {
      for (size_t m = 0; m < searches.size(); ++m)
        count({block.tensors[m], static_cast<size_t>(block.count)}, searches[m].prefix, level, own[m]);
    });
    const std::lock_guard lock(mutex);
    for (size_t m = 0; m < searches.size(); ++m)
      std::transform(own[m].begin(), own[m].end(), histograms[m].begin(), histograms[m].begin(), std::plus());
  });
  for (size_t m = 0; m < searches.size(); ++m) descend(searches[m], histograms[m], level);
}

}  // namespace

std::vector<int32_t> radix_select(const MergeInputs& inputs, std::span<const int64_t> kept) {
  std::vector<Search> searches;
  for (const int64_t rank : kept) searches.push_back({.rank = rank});
  for (const Level level : {Level{20, 11}, Level{10, 10}, Level{0, 10}}) run(inputs, level, searches);
  std::vector<int32_t> magnitudes;
  for (const Search& search : searches) magnitudes.push_back(search.prefix);
  return magnitudes;
}

}  // namespace vlrm
