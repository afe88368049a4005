#include "merge/methods/magprune.h"

#include <fmt/format.h>

#include "base/target_clones.h"
#include "merge/methods/magnitude_order.h"

namespace vlrm {
namespace {

// A thread's scratch for one row.
struct Scratch {
  MagnitudeOrder order;
  std::vector<float> probabilities;
  std::vector<uint32_t> kept;
};

VLRM_TARGET_CLONES void drop_and_rescale(float* delta, const uint32_t* kept, const float* divisors, int64_t count) {
  for (int64_t i = 0; i < count; ++i) delta[i] = kept[i] != 0 ? delta[i] / divisors[i] : 0.0f;
}

class DropByRank final : public Sparsifier {
 public:
  DropByRank(const TensorMerge& merge, int64_t row) : rescale_(rescale_norm_of(merge) == RescaleNorm::density) {
    for (const auto& input : merge.inputs) {
      Model model{merge.number(input, "density"), {}, nullptr, input.mask};
      if (model.density < 1) model.by_rank = probabilities_by_rank(model.density, merge.number(input, "epsilon"), row);
      if (!model.mask) model.drawn = probability_mask(merge.seed, input.model, merge.output.name);
      models_.push_back(std::move(model));
    }
  }

  void apply(const Block& block) const override {
    thread_local Scratch scratch;
    for (size_t m = 0; m < models_.size(); ++m)
      if (models_[m].density < 1) drop_row(models_[m], block.tensors[m], block.first, block.count, scratch);
  }

 private:
  struct Model {
    double density;
    std::vector<float> by_rank;                    // of a row
    std::shared_ptr<const ProbabilityMask> drawn;  // in place of a mask that is given
    std::shared_ptr<const ElementMask> mask;
  };

  static std::vector<float> probabilities_by_rank(double density, double epsilon, int64_t row) {
    const auto least = static_cast<float>(density - epsilon);
    const float last = row > 1 ? static_cast<float>(row - 1) : 1.0f;
    std::vector<float> probabilities;
    for (int64_t rank = 0; rank < row; ++rank)
      probabilities.push_back(least + static_cast<float>(rank) / last * 2 * static_cast<float>(epsilon));
    return probabilities;
  }

  void drop_row(const Model& model, float* delta, int64_t first, int64_t count, Scratch& scratch) const {
    find_probabilities(model, delta, count, scratch);
    scratch.kept.resize(static_cast<size_t>(count));
    if (model.mask)
      model.mask->read(first, scratch.kept);
    else
      model.drawn->read(first, scratch.probabilities, scratch.kept);
    if (rescale_)
      drop_and_rescale(delta, scratch.kept.data(), scratch.probabilities.data(), count);
    else
      drop(delta, scratch.kept.data(), count);
  }

  static void find_probabilities(const Model& model, const float* delta, int64_t count, Scratch& scratch) {
    scratch.probabilities.resize(static_cast<size_t>(count));
    auto probability = model.by_rank.begin();
    for (const uint64_t key : scratch.order.of({delta, static_cast<size_t>(count)}))
      scratch.probabilities[static_cast<uint32_t>(key)] = *probability++;
  }

  bool rescale_;
  std::vector<Model> models_;
};

}  // namespace

std::unique_ptr<const Sparsifier> drop_by_rank(const TensorMerge& merge, const MergeInputs& inputs) {
  std::unique_ptr<const Sparsifier> kept = std::make_unique<DropByRank>(merge, inputs.row());
  return rescale_norm_of(merge) == RescaleNorm::l1 ? with_l1_norm(std::move(kept), inputs) : std::move(kept);
}

std::optional<Problem> problem_of_epsilon(const TensorMerge& merge) {
  for (const auto& input : merge.inputs) {
    const double density = merge.number(input, "density"), epsilon = merge.number(input, "epsilon");
    if (density < 1 && (density + epsilon >= 1 || density - epsilon <= 0))
      return Problem{
          fmt::format("density ± epsilon must be above 0 and below 1, but they are {} and {}", density, epsilon),
          &input};
  }
  return std::nullopt;
}

}  // namespace vlrm
