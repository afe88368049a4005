#include "merge/methods/radix_selection.h"

#include <algorithm>
#include <functional>
#include <mutex>

#include "merge/methods/stretches.h"

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

void count(std::span<const float> values, int32_t prefix, Level level, Histogram& histogram) {
  const int32_t last = (1 << level.width) - 1;
  for (const float value : values) {
    const int32_t bits = magnitude_bits(value) >> level.shift;
    if (bits >> level.width == prefix) ++histogram[static_cast<size_t>(bits & last)];
  }
}

void descend(Search& search, const Histogram& histogram, Level level) {
  size_t bin = histogram.size() - 1;
  while (histogram[bin] < search.rank) search.rank -= histogram[bin--];
  search.prefix = search.prefix << level.width | static_cast<int32_t>(bin);
}

void run(const BlockSource& source, std::span<const LargestOf> wanted, Level level, std::vector<Search>& searches) {
  const std::vector<Histogram> zeros(searches.size(), Histogram(size_t{1} << level.width));
  std::vector<Histogram> histograms = zeros;
  std::mutex mutex;
  parallel_for(stretch_count(source), [&](int64_t stretch) {
    std::vector<Histogram> own = zeros;
    visit_stretch(source, stretch, [&](const Block& block) {
      for (size_t i = 0; i < searches.size(); ++i)
        count({block.tensors[wanted[i].column], static_cast<size_t>(block.count)}, searches[i].prefix, level, own[i]);
    });
    const std::lock_guard lock(mutex);
    for (size_t i = 0; i < searches.size(); ++i)
      std::transform(own[i].begin(), own[i].end(), histograms[i].begin(), histograms[i].begin(), std::plus());
  });
  for (size_t i = 0; i < searches.size(); ++i) descend(searches[i], histograms[i], level);
}

}  // namespace

std::vector<int32_t> radix_select(const BlockSource& source, std::span<const LargestOf> wanted) {
  std::vector<Search> searches;
  for (const LargestOf& each : wanted) searches.push_back({.rank = each.kept});
  for (const Level level : {Level{20, 11}, Level{10, 10}, Level{0, 10}}) run(source, wanted, level, searches);
  std::vector<int32_t> magnitudes;
  for (const Search& search : searches) magnitudes.push_back(search.prefix);
  return magnitudes;
}

}  // namespace vlrm
