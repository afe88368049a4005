// LLaVA-NeXT (Liu et al. 2024) and LLaVA-OneVision (Li et al. 2024): an image is seen whole and in tiles, and the
// tokens of the tiles are laid out as one image again, with a token at the end of each row.
#pragma once

#include <vector>

#include "architecture/tile_family.h"
#include "vision/tiles.h"

namespace vlrm {

struct LlavaVision final : VitVision {
  std::vector<TileGrid> grids;  // which an image's tiles may have
};

// The vision part of the config of such a model.
const LlavaVision& llava_vision(const ModelConfig& config);

extern const Architecture kLlavaNext, kLlavaOneVision;

}  // namespace vlrm
