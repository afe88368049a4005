// Images as 8-bit RGB pixels.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace vlrm {

struct Image {
  int64_t width = 0, height = 0;
  std::vector<uint8_t> rgb;  // [height, width, 3]
};

// An image as it is stored, not decoded yet.
struct EncodedImage {
  std::filesystem::path path;  // the file to read, or, where there are bytes, what errors call them
  std::string bytes = {};
  std::filesystem::path folder = {};  // of the dataset that names the file; empty: a user did
};

struct DecodeOptions {
  bool apply_exif = true;  // turn by the EXIF orientation, as a person sees it
  // Transparency: composited on white, as Mllama's processor does, or dropped, as Pillow's convert("RGB") does.
  enum class Alpha { on_white, drop } alpha = Alpha::on_white;
  int64_t max_pixels = int64_t{178'956'970};  // twice Pillow's warning limit, where Pillow raises
};

// JPEG (also grey, CMYK, progressive), PNG (every mode and depth) or WebP (lossy, lossless, alpha; of an animation the
// first frame), told by their first bytes; the pixels that Pillow gives. `name` is for errors. Throws Error for what is
// none of these, is broken or truncated, or declares more pixels than allowed (before anything of that size is
// allocated).
Image decode_image(std::string_view bytes, const std::string& name, const DecodeOptions& options);
// Whether `name` is "https://…", "data:…" or the like, and no file of that name is there: nothing is fetched.
bool is_url(const std::string& name);
// The bytes of a file that is no larger than any image may be.
std::string read_image_file(const std::filesystem::path& path);
Image read_image(const std::filesystem::path& path, const DecodeOptions& options);

}  // namespace vlrm
