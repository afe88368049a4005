#include "vision/orientation.h"

#include <cstring>

#include "vision/image_notes.h"

namespace vlrm {
namespace {

detail::ImageNotes notes_of(ImageFormat format, std::string_view file) {
  switch (format) {
    case ImageFormat::jpeg:
      return detail::notes_of_jpeg(file);
    case ImageFormat::png:
      return detail::notes_of_png(file);
    case ImageFormat::webp:
      return detail::notes_of_webp(file);
  }
  return {};
}

}  // namespace

int declared_orientation(ImageFormat format, std::string_view file) {
  const detail::ImageNotes notes = notes_of(format, file);
  auto orientation = notes.exif ? detail::orientation_of_tiff(*notes.exif) : std::nullopt;
  if (!orientation && notes.xmp) orientation = detail::orientation_of_xmp(*notes.xmp);
  return orientation.value_or(1);
}

Image turned(const Image& image, int orientation) {
  if (orientation <= 1 || orientation > 8) return image;
  // Read as: from 5 on rows and columns are exchanged first; then the picture is mirrored left to right or top to
  // bottom.
  const bool exchanged = orientation >= 5;
  const bool mirrored = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  const bool upended = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  Image result;
  result.width = exchanged ? image.height : image.width;
  result.height = exchanged ? image.width : image.height;
  result.rgb.resize(image.rgb.size());
  uint8_t* out = result.rgb.data();
  for (int64_t y = 0; y < result.height; ++y) {
    const int64_t source_y = upended ? result.height - 1 - y : y;
    for (int64_t x = 0; x < result.width; ++x, out += 3) {
      const int64_t source_x = mirrored ? result.width - 1 - x : x;
      const int64_t pixel = exchanged ? source_x * image.width + source_y : source_y * image.width + source_x;
      std::memcpy(out, image.rgb.data() + pixel * 3, 3);
    }
  }
  return result;
}

}  // namespace vlrm
