// The orientation in EXIF and XMP.
#include <array>
#include <bit>

#include "vision/bounded_bytes.h"
#include "vision/image_notes.h"

namespace vlrm::detail {
namespace {

// TIFF's types of values by number: how many bytes one takes (0: no such type) and what they are.
enum class Kind { bytes, natural, integer, real, ratio, signed_ratio };
struct TiffType {
  uint64_t size = 0;
  Kind kind = Kind::bytes;
};
constexpr std::array<TiffType, 17> kTiffTypes{{{},
                                               {1, Kind::bytes},
                                               {1, Kind::bytes},
                                               {2, Kind::natural},
                                               {4, Kind::natural},
                                               {8, Kind::ratio},
                                               {1, Kind::integer},
                                               {1, Kind::bytes},
                                               {2, Kind::integer},
                                               {4, Kind::integer},
                                               {8, Kind::signed_ratio},
                                               {4, Kind::real},
                                               {8, Kind::real},
                                               {4, Kind::natural},
                                               {},
                                               {},
                                               {8, Kind::natural}}};

double as_signed(uint64_t value, uint64_t size) {
  const uint64_t unused = 64 - 8 * size;
  return static_cast<double>(static_cast<int64_t>(value << unused) >> unused);
}

// The number at `offset`, or 0 where the type is no number: such an entry is there, but turns nothing.
double number_at(const BoundedBytes& bytes, uint64_t offset, const TiffType& type) {
  const auto part = [&](uint64_t at, uint64_t size) { return bytes.number(at, static_cast<int>(size)).value_or(0); };
  const uint64_t value = part(offset, type.size);
  switch (type.kind) {
    case Kind::natural:
      return static_cast<double>(value);
    case Kind::integer:
      return as_signed(value, type.size);
    case Kind::real:
      return type.size == 4 ? double{std::bit_cast<float>(static_cast<uint32_t>(value))} : std::bit_cast<double>(value);
    case Kind::ratio:
      return static_cast<double>(part(offset, 4)) / static_cast<double>(part(offset + 4, 4));
    case Kind::signed_ratio:
      return as_signed(part(offset, 4), 4) / as_signed(part(offset + 4, 4), 4);
    case Kind::bytes:
      break;
  }
  return 0;
}

int orientation_or_upright(double value) {
  for (int orientation = 2; orientation <= 8; ++orientation)
    if (value == orientation) return orientation;
  return 1;
}

// The byte order that a header declares; Pillow takes 42 in either order. Nothing for another header, and for BigTIFF
// but the big-endian one, which Pillow reads as if it were TIFF.
std::optional<bool> little_endian_of(std::string_view header) {
  using namespace std::string_view_literals;
  for (const std::string_view big : {"MM\0*"sv, "MM*\0"sv, "MM\0+"sv})
    if (header.starts_with(big)) return false;
  if (header.starts_with("II*\0"sv) || header.starts_with("II\0*"sv)) return true;
  return std::nullopt;
}

}  // namespace

std::optional<int> orientation_of_tiff(std::string_view tiff) {
  constexpr uint64_t kOrientation = 0x0112, kEntrySize = 12, kInline = 4;
  const auto little_endian = little_endian_of(tiff);
  if (!little_endian) return std::nullopt;
  const BoundedBytes bytes(tiff, *little_endian);
  const auto directory = bytes.number(4, 4);
  const auto entries = directory ? bytes.number(*directory, 2) : std::nullopt;
  std::optional<int> orientation;
  for (uint64_t i = 0; entries && i < *entries; ++i) {
    const uint64_t entry = *directory + 2 + i * kEntrySize;
    const auto value_field = bytes.number(entry + 8, kInline);
    if (!value_field) break;
    const uint64_t type_index = *bytes.number(entry + 2, 2), count = *bytes.number(entry + 4, 4);
    const TiffType type = type_index < kTiffTypes.size() ? kTiffTypes[type_index] : TiffType{};
    const uint64_t size = type.size * count;
    if (size == 0) continue;
    const uint64_t at = size > kInline ? *value_field : entry + 8;
    if (at > tiff.size() || tiff.size() - at < size) break;  // whatever the tag: Pillow stops there
    if (bytes.number(entry, 2) == kOrientation) orientation = orientation_or_upright(number_at(bytes, at, type));
  }
  return orientation;
}

std::optional<int> orientation_of_xmp(std::string_view xmp) {
  constexpr std::string_view kName = "tiff:Orientation";
  for (size_t at = xmp.find(kName); at != xmp.npos; at = xmp.find(kName, at + 1)) {
    std::string_view rest = xmp.substr(at + kName.size());
    if (rest.starts_with("=\""))
      rest.remove_prefix(2);
    else if (rest.starts_with(">"))
      rest.remove_prefix(1);
    else
      continue;
    if (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') return orientation_or_upright(rest.front() - '0');
  }
  return std::nullopt;
}

}  // namespace vlrm::detail
