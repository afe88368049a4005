#include "vision/image.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "vision/decoders.h"
#include "vision/orientation.h"

namespace vlrm {
namespace {

constexpr int64_t kMaxFileSize = int64_t{1} << 30;
constexpr int64_t kLongestSide = int64_t{1} << 17;   // the filters that resize it grow with it
constexpr int64_t kMostMemory = int64_t{900} << 20;  // bytes

std::optional<ImageFormat> format_of(std::string_view bytes) {
  if (bytes.starts_with("\xFF\xD8\xFF")) return ImageFormat::jpeg;
  if (bytes.starts_with("\x89PNG\r\n\x1A\n")) return ImageFormat::png;
  if (bytes.starts_with("RIFF") && bytes.substr(0, 12).ends_with("WEBP")) return ImageFormat::webp;
  return std::nullopt;
}

[[noreturn]] void fail_unknown_format(std::string_view bytes, const std::string& name) {
  constexpr const char* kReadable = "this program reads JPEG, PNG and WebP";
  const struct {
    std::string_view start, name;
  } others[] = {{"GIF8", "GIF"},
                {"BM", "BMP"},
                {std::string_view("II*\0", 4), "TIFF"},
                {std::string_view("MM\0*", 4), "TIFF"},
                {std::string_view("\0\0\0\x0CjP  ", 8), "JPEG 2000"}};
  for (const auto& other : others)
    if (bytes.starts_with(other.start)) fail("{}: a {} image; {}: convert it first", name, other.name, kReadable);
  if (bytes.empty()) fail("{}: not an image: empty; {}", name, kReadable);
  fail("{}: not an image, or not of a known format; {}", name, kReadable);
}

}  // namespace

namespace detail {

void check_size(int64_t width, int64_t height, const std::string& name, const DecodeOptions& options) {
  if (width < 1 || height < 1) fail("{}: an image of {} x {} pixels has no pixels", name, width, height);
  if (width > options.max_pixels / height)
    fail("{}: declares {} x {} pixels, more than the {} allowed: possibly a decompression bomb", name, width, height,
         options.max_pixels);
  if (std::max(width, height) > kLongestSide)
    fail("{}: declares {} x {} pixels; no side may be longer than {}", name, width, height, kLongestSide);
}

void check_memory(int64_t bytes, const std::string& name) {
  if (bytes > kMostMemory)
    fail("{}: takes {} of memory to decode, more than the {} allowed: save it smaller, or not progressive", name,
         human_bytes(static_cast<double>(bytes)), human_bytes(static_cast<double>(kMostMemory)));
}

InPlace::InPlace(int64_t width, int64_t height, int64_t bytes_a_pixel)
    : image{width, height,
            std::vector<uint8_t>(static_cast<size_t>(width * height * std::max<int64_t>(3, bytes_a_pixel)))},
      samples_size_(static_cast<size_t>(width * height * bytes_a_pixel)) {}

uint8_t* InPlace::samples() {
  return image.rgb.data() + image.rgb.size() - samples_size_;
}

Image InPlace::finished() && {
  image.rgb.resize(static_cast<size_t>(image.width * image.height * 3));
  return std::move(image);
}

}  // namespace detail

Image decode_image(std::string_view bytes, const std::string& name, const DecodeOptions& options) {
  const auto format = format_of(bytes);
  if (!format) fail_unknown_format(bytes, name);
  Image image;
  switch (*format) {
    case ImageFormat::jpeg:
      image = detail::decode_jpeg(bytes, name, options);
      break;
    case ImageFormat::png:
      image = detail::decode_png(bytes, name, options);
      break;
    case ImageFormat::webp:
      image = detail::decode_webp(bytes, name, options);
      break;
  }
  const int orientation = options.apply_exif ? declared_orientation(*format, bytes) : 1;
  if (orientation == 1) return image;
  detail::check_memory(static_cast<int64_t>(image.rgb.capacity() + image.rgb.size()), name);
  return turned(image, orientation);
}

bool is_url(const std::string& name) {
  const size_t colon = name.find(':');
  const auto in_scheme = [](unsigned char c) { return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.'; };
  if (colon == name.npos || colon < 2 || !std::all_of(name.begin(), name.begin() + static_cast<int>(colon), in_scheme))
    return false;
  if (name.compare(colon, 3, "://") != 0 && name.compare(0, colon, "data") != 0) return false;
  std::error_code error;
  return !std::filesystem::exists(name, error);
}

std::string read_image_file(const std::filesystem::path& path) {
  if (is_url(path.string())) fail("{}: a URL, which is not fetched; save it to a file", printable(path.string(), 60));
  return read_text_or_throw(path, kMaxFileSize);
}

Image read_image(const std::filesystem::path& path, const DecodeOptions& options) {
  return decode_image(read_image_file(path), printable(path.string()), options);
}

}  // namespace vlrm
