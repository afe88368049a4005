// Writing JPEG.
#pragma once

#include <string>

#include "vision/image.h"

namespace vlrm {

// The file's bytes, baseline with colours at half resolution. `quality` is libjpeg's, 1 to 100; the image has pixels,
// at most 65,500 a side.
std::string encode_jpeg(const Image& image, int quality);

}  // namespace vlrm
