// Resizing with the very bytes that Pillow's filters give.
#pragma once

#include "vision/image.h"

namespace vlrm {

enum class Kernel { bilinear, bicubic };

// A filter whose support grows with the reduction (so that shrinking averages), in fixed point with 22 bits: rows
// first, rounded to bytes, then columns. `width` and `height` must be positive.
Image resized(const Image& image, int64_t width, int64_t height, Kernel kernel = Kernel::bilinear);

}  // namespace vlrm
