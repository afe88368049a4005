// Qwen3-VL (Bai et al. 2025), dense: a Qwen3 whose text holds what a vision encoder makes of images in the place of
// placeholder tokens, once before its first layer and, from earlier layers of the encoder, again behind each of the
// first few (DeepStack, Meng et al. 2024).
#pragma once

#include "architecture/architecture.h"

namespace vlrm {

struct Qwen3VlVision final : VisionConfig {
  int64_t layers = 0, hidden_size = 0, intermediate_size = 0, attention_heads = 0;
  int64_t patch_size = 16, frames = 2;     // a patch holds the one image so often
  int64_t merge_size = 2;                  // merge_size² patches are one token
  int64_t positions = 0;                   // of a square table, whose side is its root
  std::vector<int64_t> deep_stack_layers;  // deepstack_visual_indexes, in the order written

  int64_t merged_size() const { return hidden_size * merge_size * merge_size; }
  std::string description() const override;
};

extern const Architecture kQwen3Vl;

// The vision part of a Qwen3-VL's config.
const Qwen3VlVision& qwen3_vl_vision(const ModelConfig& config);

}  // namespace vlrm
