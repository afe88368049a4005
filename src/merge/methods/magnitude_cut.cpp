#include "merge/methods/magnitude_cut.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <numeric>

#include "base/error.h"
#include "base/threads.h"
#include "merge/methods/combine.h"

namespace vlrm {
namespace {

constexpr int64_t kStretch = MergeInputs::kStretch;

int64_t stretches_of(const MergeInputs& inputs) {
  return (inputs.elements() + kStretch - 1) / kStretch;
}

// Calls visitor(stretch, block) with the block's tensors turned into deltas.
template <class Visitor>
void visit_deltas(const MergeInputs& inputs, int64_t stretch, const Visitor& visitor) {
  const int64_t first = stretch * kStretch;
  inputs.visit(first, std::min(kStretch, inputs.elements() - first), [&](const MergeInputs::Block& block) {
    subtract_base(block);
    visitor(block);
  });
}

// Radix selection over the bits of the magnitudes, from the top: one pass over the tensors a level.
class RadixSelection {
 public:
  RadixSelection(const MergeInputs& inputs, std::span<const int64_t> kept) : inputs_(inputs) {
    for (const int64_t count : kept) models_.push_back({.wanted = count});
  }

  void run() {
    for (const auto& [shift, width] : {std::pair{20, 11}, {10, 10}, {0, 10}}) level(shift, width);
  }

  struct Model {
    uint32_t prefix = 0;  // the bits above `shift` of the magnitude that is looked for
    int64_t wanted = 0;   // how many of those with this prefix are kept
    int64_t equal = 0;    // how many have it
  };
  const std::vector<Model>& models() const { return models_; }

 private:
  using Histogram = std::vector<int64_t>;

  void level(int shift, int width) {
    std::vector<Histogram> histograms(models_.size(), Histogram(size_t{1} << width));
    std::mutex mutex;
    parallel_for(stretches_of(inputs_), [&](int64_t stretch) {
      std::vector<Histogram> own(models_.size(), Histogram(size_t{1} << width));
      visit_deltas(inputs_, stretch, [&](const MergeInputs::Block& block) {
        for (size_t m = 0; m < models_.size(); ++m) count(block.tensors[m], block.count, shift, width, m, own[m]);
      });
      const std::lock_guard lock(mutex);
      for (size_t m = 0; m < models_.size(); ++m)
        std::transform(own[m].begin(), own[m].end(), histograms[m].begin(), histograms[m].begin(), std::plus());
    });
    for (size_t m = 0; m < models_.size(); ++m) descend(models_[m], histograms[m], width);
  }

  void count(const float* delta, int64_t elements, int shift, int width, size_t model, Histogram& histogram) const {
    const uint32_t prefix = models_[model].prefix, last = (1u << width) - 1;
    for (int64_t i = 0; i < elements; ++i) {
      const uint32_t bits = magnitude_bits(delta[i]) >> shift;
      if (bits >> width == prefix) ++histogram[bits & last];
    }
  }

  static void descend(Model& model, const Histogram& histogram, int width) {
    size_t bin = histogram.size() - 1;
    while (histogram[bin] < model.wanted) model.wanted -= histogram[bin--];
    model.prefix = (model.prefix << width) | static_cast<uint32_t>(bin);
    model.equal = histogram[bin];
  }

  const MergeInputs& inputs_;
  std::vector<Model> models_;
};

// The index just behind the `nth` (from 1) element whose magnitude is `bits`.
int64_t end_of_ties(const MergeInputs& inputs, size_t model, uint32_t bits, int64_t nth) {
  std::vector<int64_t> counts(static_cast<size_t>(stretches_of(inputs)));
  const auto equal_in = [&](const MergeInputs::Block& block) {
    const float* delta = block.tensors[model];
    return std::count_if(delta, delta + block.count, [&](float value) { return magnitude_bits(value) == bits; });
  };
  parallel_for(stretches_of(inputs), [&](int64_t stretch) {
    visit_deltas(inputs, stretch,
                 [&](const MergeInputs::Block& block) { counts[static_cast<size_t>(stretch)] += equal_in(block); });
  });
  int64_t stretch = 0;
  while (counts[static_cast<size_t>(stretch)] < nth) nth -= counts[static_cast<size_t>(stretch++)];
  int64_t end = -1;
  visit_deltas(inputs, stretch, [&](const MergeInputs::Block& block) {
    for (int64_t i = 0; i < block.count; ++i)
      if (magnitude_bits(block.tensors[model][i]) == bits && --nth == 0) end = block.first + i + 1;
  });
  VLRM_ASSERT(end > 0);
  return end;
}

}  // namespace

std::vector<MagnitudeCut> largest_deltas(const MergeInputs& inputs, std::span<const int64_t> kept) {
  RadixSelection selection(inputs, kept);
  selection.run();
  std::vector<MagnitudeCut> cuts;
  for (size_t m = 0; m < kept.size(); ++m) {
    const auto& found = selection.models()[m];
    MagnitudeCut cut{.bits = found.prefix};
    if (found.wanted < found.equal) cut.ties_end = end_of_ties(inputs, m, cut.bits, found.wanted);
    cuts.push_back(cut);
  }
  return cuts;
}

}  // namespace vlrm
