// Orientation: which way up a camera was held.
#pragma once

#include <string_view>

#include "vision/image.h"

namespace vlrm {

enum class ImageFormat { jpeg, png, webp };

// The orientation, 1 (upright) to 8, that an image file declares, as Pillow 10.4 finds it: in its EXIF block, else in
// the XMP text of a PNG. 1 where there is none or it is malformed: a broken note about an image is no reason to refuse
// the image. Exif 2.32, section 4.6.4, tag 0x0112.
int declared_orientation(ImageFormat format, std::string_view file);

// The image as a person should see it.
Image turned(const Image& image, int orientation);

}  // namespace vlrm
