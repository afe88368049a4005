// TIES (arXiv 2306.01708): each model's deltas trimmed to the largest magnitudes, then the sign election.
#include <algorithm>
#include <cmath>

#include "base/threads.h"
#include "merge/methods/combine.h"
#include "merge/methods/deltas.h"
#include "merge/methods/magnitude_cut.h"
#include "merge/methods/methods.h"
#include "merge/methods/pointwise.h"
#include "weights/target_clones.h"

namespace vlrm {
namespace {

VLRM_TARGET_CLONES void drop_below(float* delta, int64_t count, int32_t smallest_kept) {
  for (int64_t i = 0; i < count; ++i) delta[i] = magnitude_bits(delta[i]) >= smallest_kept ? delta[i] : 0.0f;
}

// Zeroes what the cut does not keep.
void trim(const MagnitudeCut& cut, float* delta, int64_t first, int64_t count) {
  const int64_t with_ties = std::clamp<int64_t>(cut.ties_end - first, 0, count);
  drop_below(delta, with_ties, cut.bits);
  drop_below(delta + with_ties, count - with_ties, cut.bits + 1);
}

class Ties final : public Pointwise {
 public:
  Ties(const TensorMerge& merge, std::vector<MagnitudeCut> cuts, std::vector<float> rescale)
      : weights_(float_weights(merge)),
        normalize_(merge.normalize),
        cuts_(std::move(cuts)),
        rescale_(std::move(rescale)) {}

  void merge(const MergeInputs::Block& block, float* out) const override {
    for (size_t m = 0; m < cuts_.size(); ++m) {
      trim(cuts_[m], block.tensors[m], block.first, block.count);
      if (rescale_[m] != 1) multiply(block.tensors[m], block.count, rescale_[m]);
    }
    elect_and_sum(block, weights_, normalize_, out);
  }

 private:
  std::vector<float> weights_;
  bool normalize_;
  std::vector<MagnitudeCut> cuts_;
  std::vector<float> rescale_;
};

int64_t kept_of(const TensorMerge& merge, const TensorMerge::Input& input) {
  const int64_t elements = merge.output.elements();
  if (input.density >= 1) return elements;
  return static_cast<int64_t>(input.density * static_cast<double>(elements));
}

// For each model Σ|δ| / Σ|kept δ|, or 1 where either is next to nothing. The sums are the same for any thread count:
// each stretch is added up by itself, then the stretches in order.
std::vector<float> norm_ratios(const MergeInputs& inputs, std::span<const MagnitudeCut> cuts) {
  const int64_t stretches = stretch_count(inputs);
  struct Norms {
    double all = 0, kept = 0;
  };
  std::vector<Norms> norms(static_cast<size_t>(stretches) * cuts.size());
  const auto add_up = [](const float* delta, int64_t count, double& norm) {
    for (int64_t i = 0; i < count; ++i) norm += std::abs(delta[i]);
  };
  parallel_for(stretches, [&](int64_t stretch) {
    visit_stretch(inputs, stretch, [&](const MergeInputs::Block& block) {
      for (size_t m = 0; m < cuts.size(); ++m) {
        Norms& norm = norms[static_cast<size_t>(stretch) * cuts.size() + m];
        add_up(block.tensors[m], block.count, norm.all);
        trim(cuts[m], block.tensors[m], block.first, block.count);
        add_up(block.tensors[m], block.count, norm.kept);
      }
    });
  });
  std::vector<float> ratios;
  for (size_t m = 0; m < cuts.size(); ++m) {
    Norms total;
    for (size_t i = m; i < norms.size(); i += cuts.size()) {
      total.all += norms[i].all;
      total.kept += norms[i].kept;
    }
    const auto all = static_cast<float>(total.all), kept = static_cast<float>(total.kept);
    ratios.push_back(all >= 1e-8f && kept >= 1e-8f ? all / kept : 1.0f);
  }
  return ratios;
}

}  // namespace

std::unique_ptr<TensorReader> merge_ties(const TensorMerge& merge) {
  std::vector<int64_t> kept;
  for (const auto& input : merge.inputs) kept.push_back(kept_of(merge, input));
  const auto inputs = std::make_shared<MergeInputs>(merge);
  auto cuts = largest_deltas(*inputs, kept);
  auto ratios = merge.rescale_ties ? norm_ratios(*inputs, cuts) : std::vector<float>(cuts.size(), 1.0f);
  return pointwise_tensor(merge.output, inputs, std::make_unique<Ties>(merge, std::move(cuts), std::move(ratios)));
}

}  // namespace vlrm
