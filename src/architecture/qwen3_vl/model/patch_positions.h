// Where the patches of an image stand, to Qwen3-VL's vision encoder: what a learned table of positions says, stretched
// over the image, and the angles by which queries and keys are turned.
#pragma once

#include <cstdint>

#include "model/rope.h"
#include "vision/qwen2_vl_processor.h"

namespace vlrm {

// Rows of table [side², width], interpolated between the four that are next to each patch; corners lie on corners.
// [patches, width] in float32, block by block.
at::Tensor interpolated_positions(const at::Tensor& table, const Qwen2VlGrid& grid);

// Half of the frequencies turn by a patch's row, half by its column. In float32, on `device`.
Rope::Angles patch_angles(const Qwen2VlGrid& grid, int64_t head_size, const at::Device& device);

}  // namespace vlrm
