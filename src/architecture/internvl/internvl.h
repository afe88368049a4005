// InternVL (Chen et al. 2024) as transformers has it, of which InternVL3 has a Qwen2 as its text part and InternVL3.5 a
// Qwen3: the patches of each tile become a quarter of as many tokens.
#pragma once

#include "architecture/tile_family.h"

namespace vlrm {

struct InternVlVision final : VitVision {
  int64_t merge_size = 2;  // merge_size² patches are one token
  int64_t merged_size() const { return hidden_size * merge_size * merge_size; }
  int64_t tile_tokens() const { return (side() / merge_size) * (side() / merge_size); }
};

// The vision part of the config of such a model.
const InternVlVision& internvl_vision(const ModelConfig& config);

extern const Architecture kInternVl;

}  // namespace vlrm
