// One of the first layers of a Qwen3-VL's decoder, behind which features of an earlier layer of the vision encoder are
// added to the states of an image's tokens.
#pragma once

#include "model/self_attention_layer.h"

namespace vlrm {

class DeepStackLayer final : public DecoderLayer {
 public:
  DeepStackLayer(const WeightReader& reader, const TextConfig& config, int64_t index, const std::string& prefix)
      : layer_(reader, config, prefix), index_(index) {}

  void forward(const at::Tensor& hidden, const LayerInput& input, std::span<LayerCache* const> caches) const override;
  // No image follows a prompt.
  void step(const at::Tensor& hidden, const Rope::Angles& angles, std::span<const Growing> groups) const override {
    layer_.step(hidden, angles, groups);
  }
  void step(const at::Tensor& hidden, const PagedStep& step) const override { layer_.step(hidden, step); }

 private:
  SelfAttentionLayer layer_;
  int64_t index_;
};

}  // namespace vlrm
