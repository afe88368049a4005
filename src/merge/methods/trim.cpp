#include "merge/methods/trim.h"

#include <algorithm>

namespace vlrm {
namespace {

int64_t kept_of(const TensorMerge& merge, const TensorMerge::Input& input) {
  const int64_t elements = merge.output.elements();
  const double density = merge.number(input, "density");
  return density >= 1 ? elements : std::max<int64_t>(1, static_cast<int64_t>(density * static_cast<double>(elements)));
}

class Trim final : public Sparsifier {
 public:
  explicit Trim(std::vector<MagnitudeCut> cuts) : cuts_(std::move(cuts)) {}
  void apply(const Block& block) const override {
    for (size_t m = 0; m < cuts_.size(); ++m) cuts_[m].trim(block.tensors[m], block.first, block.count);
  }

 private:
  std::vector<MagnitudeCut> cuts_;
};

class TrimBothEnds final : public Sparsifier {
 public:
  struct Model {
    std::optional<MagnitudeCut> outliers = {}, kept = {};  // kept: with the outliers
  };
  explicit TrimBothEnds(std::vector<Model> models) : models_(std::move(models)) {}
  void apply(const Block& block) const override {
    for (size_t m = 0; m < models_.size(); ++m) {
      float* deltas = block.tensors[m];
      // What the first sets to 0 is below the second's cut, or equal to it at 0.
      if (models_[m].outliers) models_[m].outliers->drop(deltas, block.first, block.count);
      if (models_[m].kept) models_[m].kept->trim(deltas, block.first, block.count);
    }
  }

 private:
  std::vector<Model> models_;
};

}  // namespace

std::unique_ptr<const Sparsifier> trim_small(const TensorMerge& merge, const MergeInputs& inputs) {
  std::vector<LargestOf> wanted;
  for (const auto& input : merge.inputs) wanted.push_back({wanted.size(), kept_of(merge, input)});
  return std::make_unique<Trim>(largest_magnitudes(inputs, wanted));
}

std::unique_ptr<const Sparsifier> trim_small_and_outliers(const TensorMerge& merge, const MergeInputs& inputs) {
  const int64_t elements = merge.output.elements();
  std::vector<TrimBothEnds::Model> models(merge.inputs.size());
  std::vector<LargestOf> wanted;
  std::vector<std::optional<MagnitudeCut>*> places;
  const auto want = [&](size_t model, int64_t count, std::optional<MagnitudeCut>& place) {
    if (count <= 0 || count >= elements) return;
    wanted.push_back({model, count, false});
    places.push_back(&place);
  };
  for (size_t m = 0; m < models.size(); ++m) {
    const int64_t kept = kept_of(merge, merge.inputs[m]);
    if (kept == elements) continue;
    const double gamma = merge.number(merge.inputs[m], "gamma");
    const int64_t outliers = std::min(static_cast<int64_t>(gamma * static_cast<double>(elements)), elements - kept);
    want(m, outliers, models[m].outliers);
    want(m, kept + outliers, models[m].kept);
  }
  if (!wanted.empty()) {
    const auto cuts = largest_magnitudes(inputs, wanted);
    for (size_t i = 0; i < cuts.size(); ++i) *places[i] = cuts[i];
  }
  return std::make_unique<TrimBothEnds>(std::move(models));
}

}  // namespace vlrm
