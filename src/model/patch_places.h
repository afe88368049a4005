// Where the patches of an image stand, to the vision encoders of Qwen2-VL and its successors: the order in which they
// go through the layers, the windows within which they see each other, the angles by which queries and keys are turned,
// and what a learned table of positions says, stretched over the image.
#pragma once

#include <cstdint>
#include <vector>

#include "model/rope.h"
#include "vision/qwen2_vl_processor.h"

namespace vlrm {

struct PatchPlaces {
  struct Patch {
    int64_t row, column;
  };
  std::vector<Patch> patches;    // block by block, as the image was cut, or window by window
  std::vector<int64_t> windows;  // how many patches each has, one behind the other
  std::vector<int64_t> tokens;   // the image's tokens, by number, in the order of their blocks; empty: 0, 1, 2 …

  // `window` is the tokens in a side of the windows, which are cut off at the image's lower and right edge; 0: the
  // image is one window.
  static PatchPlaces of(const Qwen2VlGrid& grid, int64_t window);

  // Rows of x [patches or tokens, …], which are in the image's order, in this order, and back.
  at::Tensor ordered(const at::Tensor& x) const;
  at::Tensor in_image_order(const at::Tensor& tokens_in_order) const;
};

// Half of the frequencies turn by a patch's row, half by its column. In float32, on `device`.
Rope::Angles patch_angles(const PatchPlaces& places, int64_t head_size, const at::Device& device);

// Rows of table [side², width], interpolated between the four that are next to each patch; corners lie on corners.
// [patches, width] in float32.
at::Tensor interpolated_positions(const at::Tensor& table, const PatchPlaces& places, const Qwen2VlGrid& grid);

}  // namespace vlrm
