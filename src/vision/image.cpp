#include "vision/image.h"

#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "vision/decoders.h"
#include "vision/orientation.h"

namespace vlrm {
namespace {

constexpr int64_t kMaxFileSize = int64_t{1} << 30;

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

Image blank_image(int64_t width, int64_t height, const std::string& name, const DecodeOptions& options) {
  if (width < 1 || height < 1) fail("{}: an image of {} x {} pixels has no pixels", name, width, height);
  if (width > options.max_pixels / height)
    fail("{}: declares {} x {} pixels, more than the {} allowed: possibly a decompression bomb", name, width, height,
         options.max_pixels);
  Image image;
  image.width = width;
  image.height = height;
  image.rgb.resize(static_cast<size_t>(width * height * 3));
  return image;
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
  return turned(image, orientation);
}

std::string read_image_file(const std::filesystem::path& path) {
  return read_text_or_throw(path, kMaxFileSize);
}

Image read_image(const std::filesystem::path& path, const DecodeOptions& options) {
  return decode_image(read_image_file(path), printable(path.string()), options);
}

}  // namespace vlrm
