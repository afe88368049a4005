// Mllama (Llama-3.2-Vision): a Llama with a vision tower that its text looks at through cross-attention layers.
//
// Its text layers are those that are not cross-attention layers, in order: text layer I of a Llama is the I-th of them.
#pragma once

#include "architecture/architecture.h"

namespace vlrm {

struct MllamaVision final : VisionConfig {
  int64_t image_size = 0, patch_size = 14, max_tiles = 4;
  int64_t hidden_size = 0, intermediate_size = 0, attention_heads = 0;
  int64_t local_layers = 0, global_layers = 0;
  std::vector<int64_t> intermediate_layers;  // intermediate_layers_indices
  int64_t output_size = 0;                   // vision_output_dim: hidden · (1 + intermediate layers)
  double norm_eps = 1e-5;
  std::vector<std::vector<int64_t>> supported_aspect_ratios;  // (rows, columns) by id − 1

  std::string description() const override;
};

extern const Architecture kMllama;

// The vision part of an Mllama's config.
const MllamaVision& mllama_vision(const ModelConfig& config);

}  // namespace vlrm
