// EXIF orientation: which way up a camera was held.
#pragma once

#include <string_view>

#include "vision/image.h"

namespace vlrm {

enum class ImageFormat { jpeg, png, webp };

// The orientation, 1 (upright) to 8, that an image file's EXIF block declares: APP1 of a JPEG, eXIf of a PNG, EXIF of a
// WebP. 1 where there is none or it is malformed: a broken note about an image is no reason to refuse the image.
// Exif 2.32, section 4.6.4, tag 0x0112.
int exif_orientation(ImageFormat format, std::string_view file);

// The image as a person should see it.
Image turned(const Image& image, int orientation);

}  // namespace vlrm
