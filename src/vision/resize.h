// Resizing with the very bytes that Pillow's bilinear filter gives.
#pragma once

#include "vision/image.h"

namespace vlrm {

// A triangle filter whose support grows with the reduction (so that shrinking averages), in fixed point with 22 bits:
// rows first, rounded to bytes, then columns. `width` and `height` must be positive.
Image resized(const Image& image, int64_t width, int64_t height);

}  // namespace vlrm
