#include "vision/orientation.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace vlrm {
namespace {

// Bytes of a stranger, read with bounds: nothing where they end.
class Bytes {
 public:
  Bytes(std::string_view bytes, bool little_endian) : bytes_(bytes), little_endian_(little_endian) {}

  std::optional<uint32_t> number(uint64_t offset, int size) const {
    if (offset > bytes_.size() || bytes_.size() - offset < static_cast<size_t>(size)) return std::nullopt;
    uint32_t value = 0;
    for (int i = 0; i < size; ++i) {
      const int place = little_endian_ ? size - 1 - i : i;
      value = value << 8 | static_cast<uint8_t>(bytes_[offset + static_cast<uint64_t>(place)]);
    }
    return value;
  }

 private:
  std::string_view bytes_;
  bool little_endian_;
};

// The block behind the marker APP1 that begins with "Exif\0\0".
std::string_view exif_of_jpeg(std::string_view file) {
  const Bytes bytes(file, false);
  for (uint64_t offset = 2; offset < file.size();) {
    const auto marker = bytes.number(offset, 2);
    if (!marker || *marker >> 8 != 0xFF) return {};
    if (*marker == 0xFFFF) {  // a fill byte
      ++offset;
      continue;
    }
    const bool stands_alone = *marker == 0xFF01 || (*marker >= 0xFFD0 && *marker <= 0xFFD8);
    if (stands_alone) {
      offset += 2;
      continue;
    }
    const auto length = bytes.number(offset + 2, 2);
    const bool is_scan = *marker == 0xFFDA;
    if (is_scan || !length || *length < 2) return {};
    const std::string_view segment = file.substr(std::min<uint64_t>(offset + 4, file.size()), *length - 2);
    if (*marker == 0xFFE1 && segment.starts_with(std::string_view("Exif\0\0", 6))) return segment;
    offset += 2 + *length;
  }
  return {};
}

std::string_view exif_of_png(std::string_view file) {
  const Bytes bytes(file, false);
  for (uint64_t offset = 8; offset < file.size();) {
    const auto length = bytes.number(offset, 4);
    if (!length || file.size() - offset < 8) return {};
    if (file.substr(offset + 4, 4) == "eXIf") return file.substr(offset + 8, *length);
    offset += 12 + uint64_t{*length};
  }
  return {};
}

std::string_view exif_of_webp(std::string_view file) {
  const Bytes bytes(file, true);
  for (uint64_t offset = 12; offset < file.size();) {
    const auto length = bytes.number(offset + 4, 4);
    if (!length) return {};
    if (file.substr(offset, 4) == "EXIF") return file.substr(offset + 8, *length);
    offset += 8 + uint64_t{*length} + (*length & 1);
  }
  return {};
}

// The orientation in the first directory of a TIFF structure (TIFF 6.0, section 2).
int orientation_of_tiff(std::string_view tiff) {
  constexpr int kUpright = 1;
  constexpr uint32_t kOrientation = 0x0112, kShort = 3, kLong = 4, kEntrySize = 12;
  const bool little_endian = tiff.starts_with("II");
  if (!little_endian && !tiff.starts_with("MM")) return kUpright;
  const Bytes bytes(tiff, little_endian);
  const auto directory = bytes.number(4, 4);
  const auto entries = directory ? bytes.number(*directory, 2) : std::nullopt;
  if (bytes.number(2, 2) != 42 || !entries) return kUpright;
  for (uint32_t i = 0; i < *entries; ++i) {
    const uint64_t entry = uint64_t{*directory} + 2 + uint64_t{i} * kEntrySize;
    const auto tag = bytes.number(entry, 2), type = bytes.number(entry + 2, 2);
    if (!tag) return kUpright;
    if (tag != kOrientation || (type != kShort && type != kLong) || bytes.number(entry + 4, 4) != 1) continue;
    const auto value = bytes.number(entry + 8, type == kShort ? 2 : 4);
    if (value && *value >= 1 && *value <= 8) return static_cast<int>(*value);
  }
  return kUpright;
}

}  // namespace

int exif_orientation(ImageFormat format, std::string_view file) {
  std::string_view exif;
  switch (format) {
    case ImageFormat::jpeg:
      exif = exif_of_jpeg(file);
      break;
    case ImageFormat::png:
      exif = exif_of_png(file);
      break;
    case ImageFormat::webp:
      exif = exif_of_webp(file);
      break;
  }
  if (exif.starts_with(std::string_view("Exif\0\0", 6))) exif.remove_prefix(6);
  return orientation_of_tiff(exif);
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
