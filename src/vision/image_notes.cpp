#include "vision/image_notes.h"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "vision/bounded_bytes.h"

namespace vlrm::detail {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kExifMarker = "Exif\0\0"sv, kRawProfile = "Raw profile type exif",
                           kXmp = "XML:com.adobe.xmp";
constexpr size_t kLargestText = size_t{1} << 20, kAllTexts = size_t{64} << 20;  // inflated: Pillow's limits

// What comes before the first zero, and what behind it; nothing where there is no zero.
struct Halves {
  std::string_view first, rest;
};
std::optional<Halves> split_at_zero(std::string_view bytes) {
  const size_t zero = bytes.find('\0');
  if (zero == bytes.npos) return std::nullopt;
  return Halves{bytes.substr(0, zero), bytes.substr(zero + 1)};
}

// As far as the bytes go; nothing where they are no zlib stream, or one larger than `limit`.
std::optional<std::string> inflated(std::string_view bytes, size_t limit) {
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) return std::nullopt;
  std::string text;
  std::array<char, 16384> piece;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(std::min<size_t>(bytes.size(), UINT32_MAX));
  int result = Z_OK;
  while (result == Z_OK && text.size() < limit) {
    const size_t room = std::min(limit - text.size(), piece.size());
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(room);
    result = inflate(&stream, Z_SYNC_FLUSH);
    text.append(piece.data(), room - stream.avail_out);
  }
  const bool whole = result == Z_STREAM_END || ((result == Z_OK || result == Z_BUF_ERROR) && stream.avail_in == 0);
  inflateEnd(&stream);
  return whole ? std::optional(std::move(text)) : std::nullopt;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// A profile as ImageMagick writes it: an empty line, the kind, the length, then pairs of hex digits in lines.
std::optional<std::string> decoded_profile(std::string_view text) {
  for (int line = 0; line < 3; ++line) {
    const size_t end = text.find('\n');
    if (end == text.npos) return "";
    text.remove_prefix(end + 1);
  }
  std::string bytes;
  int high = -1;
  for (const char c : text) {
    if (c == '\n' || (high < 0 && " \t\v\f\r"sv.find(c) != std::string_view::npos)) continue;
    const int digit = hex_digit(c);
    if (digit < 0) return std::nullopt;
    if (high >= 0) bytes += static_cast<char>(high << 4 | digit);
    high = high < 0 ? digit : -1;
  }
  return high < 0 ? std::optional(std::move(bytes)) : std::nullopt;
}

void strip_marker(std::string& exif) {
  if (exif.starts_with(kExifMarker)) exif.erase(0, kExifMarker.size());
}

// Gathers what the chunks of a PNG say.
class PngNotes {
 public:
  void take(std::string_view kind, std::string_view data) {
    if (kind == "eXIf") exif_ = std::string(data);
    if (kind == "tEXt") take_plain(data);
    if (kind == "zTXt") take_compressed(data);
    if (kind == "iTXt") take_international(data);
  }

  ImageNotes notes() && {
    if (!exif_ && profile_) exif_ = decoded_profile(*profile_);
    if (exif_) strip_marker(*exif_);
    return {std::move(exif_), std::move(xmp_)};
  }

 private:
  void take_plain(std::string_view data) {
    const auto halves = split_at_zero(data);
    if (!halves) return;
    if (halves->first == "exif")
      exif_ = std::string(halves->rest);
    else if (auto* place = place_of(halves->first))
      *place = std::string(halves->rest);
  }

  void take_compressed(std::string_view data) {
    const auto halves = split_at_zero(data);
    auto* place = halves ? place_of(halves->first) : nullptr;
    if (!place || halves->rest.empty() || halves->rest.front() != 0) return;
    *place = text_of(halves->rest.substr(1)).value_or("");
  }

  // Keyword, whether and how compressed, language, translated keyword, text.
  void take_international(std::string_view data) {
    const auto halves = split_at_zero(data);
    auto* place = halves ? place_of(halves->first) : nullptr;
    if (!place || halves->rest.size() < 2) return;
    const bool compressed = halves->rest[0] != 0;
    if (compressed && halves->rest[1] != 0) return;
    const auto language = split_at_zero(halves->rest.substr(2));
    const auto keyword = language ? split_at_zero(language->rest) : std::nullopt;
    if (!keyword) return;
    const auto text = compressed ? text_of(keyword->rest) : std::optional(std::string(keyword->rest));
    if (!text) return;
    for (const std::string_view part : {language->first, keyword->first, std::string_view(*text)})
      if (utf8::first_invalid(part)) return;
    *place = *text;
  }

  std::optional<std::string>* place_of(std::string_view keyword) {
    if (keyword == kRawProfile) return &profile_;
    return keyword == kXmp ? &xmp_ : nullptr;
  }

  std::optional<std::string> text_of(std::string_view compressed) {
    auto text = inflated(compressed, std::min(kLargestText, left_));
    left_ -= text ? text->size() : 0;
    return text;
  }

  std::optional<std::string> exif_, profile_, xmp_;
  size_t left_ = kAllTexts;
};

// Markers of a JPEG that no length follows.
bool stands_alone(uint64_t marker) {
  return marker == 0xFF01 || marker == 0xFFC8 || (marker >= 0xFFD0 && marker <= 0xFFD9) ||
         (marker >= 0xFFF0 && marker <= 0xFFFD);
}

}  // namespace

ImageNotes notes_of_jpeg(std::string_view file) {
  constexpr uint64_t kApp1 = 0xFFE1, kScan = 0xFFDA;
  const BoundedBytes bytes(file, false);
  ImageNotes notes;
  for (uint64_t offset = 2;;) {
    const auto marker = bytes.number(offset, 2);
    if (!marker || marker == kScan) return notes;
    const bool junk = *marker >> 8 != 0xFF, fill = *marker == 0xFFFF;
    if (junk || fill) {
      ++offset;
      continue;
    }
    if (*marker == 0xFF00 || stands_alone(*marker)) {
      offset += 2;
      continue;
    }
    const auto length = bytes.number(offset + 2, 2);
    if (!length || *length < 2 || file.size() - offset < 2 + *length) return notes;
    const std::string_view segment = file.substr(offset + 4, *length - 2);
    if (marker == kApp1 && segment.starts_with(kExifMarker))
      (notes.exif ? *notes.exif : notes.exif.emplace()).append(segment.substr(kExifMarker.size()));
    offset += 2 + *length;
  }
}

ImageNotes notes_of_png(std::string_view file) {
  constexpr uint64_t kAround = 12;  // length, kind and checksum
  const BoundedBytes bytes(file, false);
  PngNotes notes;
  bool animated = false, pixels = false;
  for (uint64_t offset = 8;;) {
    const auto length = bytes.number(offset, 4);
    if (!length || file.size() - offset < 8 || file.size() - offset - 8 < *length) break;
    const std::string_view kind = file.substr(offset + 4, 4);
    if (kind == "IEND" || (kind == "fcTL" && animated && pixels)) break;  // of an animation, the first frame
    animated = animated || kind == "acTL";
    pixels = pixels || kind == "IDAT";
    notes.take(kind, file.substr(offset + 8, *length));
    offset += kAround + *length;
  }
  return std::move(notes).notes();
}

}  // namespace vlrm::detail
