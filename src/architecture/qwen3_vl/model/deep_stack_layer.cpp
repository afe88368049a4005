#include "architecture/qwen3_vl/model/deep_stack_layer.h"

namespace vlrm {

void DeepStackLayer::forward(const at::Tensor& hidden, const LayerInput& input,
                             std::span<LayerCache* const> caches) const {
  layer_.forward(hidden, input, caches);
  for (const PrefixGroup& group : input.batch.groups)
    for (size_t i = 0; i < group.images.size(); ++i) {
      const auto image = static_cast<size_t>(group.images[i]);
      const int64_t tokens = input.batch.images[image]->tokens;
      hidden.narrow(0, group.image_rows[i], tokens)
          .add_(input.images[image].features.narrow(0, (index_ + 1) * tokens, tokens));
    }
}

}  // namespace vlrm
