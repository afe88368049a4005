#include "merge/methods/dare.h"

#include <fmt/format.h>

#include <array>
#include <bit>

#include "base/target_clones.h"
#include "merge/remembered_mask.h"

namespace vlrm {
namespace {

// Of a tensor's masks: what stays in memory from the pass over its norms to the one that merges.
constexpr int64_t kMaskBytes = 64 << 20;

// Divides what is kept by a density below 1, to the bit, with a multiplication, which is several times faster: a
// quotient of two float32 lies at least 2⁻⁴⁹ of itself from where rounding turns, or on it only with a reciprocal that
// is exact, and the product in float64 is within 2⁻⁵² of it.
VLRM_TARGET_CLONES void drop_and_divide(float* delta, const uint32_t* kept, int64_t count, float density) {
  const double reciprocal = 1.0 / static_cast<double>(density);
  for (int64_t i = 0; i < count; ++i) {
    const auto value = std::bit_cast<float>(std::bit_cast<uint32_t>(delta[i]) & kept[i]);
    delta[i] = static_cast<float>(static_cast<double>(value) * reciprocal);
  }
}

class RandomDrop final : public Sparsifier {
 public:
  explicit RandomDrop(const TensorMerge& merge) {
    const RescaleNorm norm = rescale_norm_of(merge);
    const int64_t most = kMaskBytes / std::ssize(merge.inputs);
    for (const auto& input : merge.inputs) {
      const double density = merge.number(input, "density");
      if (density >= 1) {
        models_.push_back({nullptr, 1.0f});
        continue;
      }
      auto mask = input.mask;
      if (!mask) mask = random_mask(merge.seed, input.model, merge.output.name, density);
      if (norm == RescaleNorm::l1) mask = remembered(std::move(mask), merge.output.elements(), most);
      models_.push_back({std::move(mask), norm == RescaleNorm::density ? static_cast<float>(density) : 1.0f});
    }
  }

  void apply(const Block& block) const override {
    std::array<uint32_t, BlockSource::kBlock> kept;
    for (size_t i = 0; i < models_.size(); ++i) {
      if (!models_[i].mask) continue;
      models_[i].mask->read(block.first, std::span(kept).first(static_cast<size_t>(block.count)));
      if (models_[i].divisor == 1)
        drop(block.tensors[i], kept.data(), block.count);
      else
        drop_and_divide(block.tensors[i], kept.data(), block.count, models_[i].divisor);
    }
  }

 private:
  struct Model {
    std::shared_ptr<const ElementMask> mask;  // null: all kept
    float divisor;
  };
  std::vector<Model> models_;
};

}  // namespace

std::unique_ptr<const Sparsifier> drop_at_random(const TensorMerge& merge, const MergeInputs& inputs) {
  std::unique_ptr<const Sparsifier> kept = std::make_unique<RandomDrop>(merge);
  return rescale_norm_of(merge) == RescaleNorm::l1 ? with_l1_norm(std::move(kept), inputs) : std::move(kept);
}

std::optional<Problem> problem_of_density(const TensorMerge& merge) {
  for (const auto& input : merge.inputs) {
    const double density = merge.number(input, "density");
    if (density < kLeastDensity)
      return Problem{fmt::format("the density {} is less than can be drawn; raise it", density), &input};
  }
  return std::nullopt;
}

}  // namespace vlrm
