#include "merge/methods/dare.h"

#include <array>

#include "merge/methods/combine.h"
#include "weights/target_clones.h"

namespace vlrm {
namespace {

VLRM_TARGET_CLONES void drop(float* delta, const uint32_t* kept, int64_t count) {
  for (int64_t i = 0; i < count; ++i) delta[i] = kept[i] != 0 ? delta[i] : 0.0f;
}

}  // namespace

RandomDrop::RandomDrop(const TensorMerge& merge) {
  for (const auto& input : merge.inputs) {
    if (input.density >= 1) {
      models_.push_back({nullptr, 1.0f});
      continue;
    }
    auto mask = input.mask;
    if (!mask) mask = random_mask(merge.seed, input.model, merge.output.name, input.density);
    models_.push_back({mask, merge.rescale == Rescale::density ? static_cast<float>(input.density) : 1.0f});
  }
}

void RandomDrop::apply(const MergeInputs::Block& block) const {
  std::array<uint32_t, MergeInputs::kBlock> kept;
  for (size_t i = 0; i < models_.size(); ++i) {
    if (!models_[i].mask) continue;
    models_[i].mask->read(block.first, std::span(kept).first(static_cast<size_t>(block.count)));
    drop(block.tensors[i], kept.data(), block.count);
    if (models_[i].divisor != 1) divide(block.tensors[i], block.count, models_[i].divisor);
  }
}

}  // namespace vlrm
