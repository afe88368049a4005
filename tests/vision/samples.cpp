#include "vision/samples.h"

#include <webp/encode.h>
#include <zlib.h>

#include <cstdio>
#include <cstdlib>
// jpeglib.h needs what comes before it.
#include <jpeglib.h>

#include "base/error.h"

namespace vlrm::testing {
namespace {

std::string number(uint64_t value, int size, bool little_endian = false) {
  std::string bytes;
  for (int i = 0; i < size; ++i) {
    const int place = little_endian ? i : size - 1 - i;
    bytes += static_cast<char>(value >> (8 * place) & 0xFF);
  }
  return bytes;
}

const Bytef* bytes_of(const std::string& text) {
  return reinterpret_cast<const Bytef*>(text.data());
}

std::string taken(uint8_t* bytes, size_t size, void (*release)(void*)) {
  VLRM_ASSERT(bytes && size > 0);
  std::string result(reinterpret_cast<const char*>(bytes), size);
  release(bytes);
  return result;
}

}  // namespace

Image some_image(int64_t width, int64_t height) {
  Image image{width, height, std::vector<uint8_t>(static_cast<size_t>(width * height * 3))};
  uint32_t state = 1;
  for (auto& byte : image.rgb) byte = static_cast<uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  return image;
}

std::string png_chunk(const std::string& kind, const std::string& data) {
  const std::string body = kind + data;
  return number(data.size(), 4) + body + number(crc32(0, bytes_of(body), static_cast<uInt>(body.size())), 4);
}

std::string png(uint32_t width, uint32_t height, int depth, int color_type, const std::vector<std::string>& rows,
                const std::string& ancillary) {
  std::string filtered;
  for (const auto& row : rows) filtered += '\0' + row;
  std::string packed(compressBound(filtered.size()), '\0');
  uLongf size = packed.size();
  VLRM_ASSERT(compress(reinterpret_cast<Bytef*>(packed.data()), &size, bytes_of(filtered), filtered.size()) == Z_OK);
  packed.resize(size);
  const std::string header = number(width, 4) + number(height, 4) + number(static_cast<uint64_t>(depth), 1) +
                             number(static_cast<uint64_t>(color_type), 1) + number(0, 3);
  return "\x89PNG\r\n\x1A\n" + png_chunk("IHDR", header) + ancillary + png_chunk("IDAT", packed) +
         png_chunk("IEND", "");
}

std::string png(const Image& image, const std::string& ancillary) {
  std::vector<std::string> rows;
  const auto stride = static_cast<size_t>(image.width * 3);
  for (size_t y = 0; y < static_cast<size_t>(image.height); ++y)
    rows.emplace_back(reinterpret_cast<const char*>(image.rgb.data() + y * stride), stride);
  return png(static_cast<uint32_t>(image.width), static_cast<uint32_t>(image.height), 8, 2, rows, ancillary);
}

std::string jpeg(const Image& image, bool progressive) {
  jpeg_compress_struct codec{};
  jpeg_error_mgr errors{};
  codec.err = jpeg_std_error(&errors);
  jpeg_create_compress(&codec);
  uint8_t* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&codec, &bytes, &size);
  codec.image_width = static_cast<JDIMENSION>(image.width);
  codec.image_height = static_cast<JDIMENSION>(image.height);
  codec.input_components = 3;
  codec.in_color_space = JCS_RGB;
  jpeg_set_defaults(&codec);
  if (progressive) jpeg_simple_progression(&codec);
  jpeg_start_compress(&codec, TRUE);
  for (int64_t y = 0; y < image.height; ++y) {
    JSAMPROW row = const_cast<uint8_t*>(image.rgb.data()) + y * image.width * 3;
    jpeg_write_scanlines(&codec, &row, 1);
  }
  jpeg_finish_compress(&codec);
  jpeg_destroy_compress(&codec);
  return taken(bytes, size, std::free);
}

std::string webp(const Image& image) {
  uint8_t* bytes = nullptr;
  const auto width = static_cast<int>(image.width);
  const size_t size = WebPEncodeLosslessRGB(image.rgb.data(), width, static_cast<int>(image.height), width * 3, &bytes);
  return taken(bytes, size, WebPFree);
}

std::string webp_rgba(const std::vector<uint8_t>& rgba, int width, int height) {
  uint8_t* bytes = nullptr;
  const size_t size = WebPEncodeLosslessRGBA(rgba.data(), width, height, width * 4, &bytes);
  return taken(bytes, size, WebPFree);
}

std::string exif_block(int orientation, bool little_endian) {
  const auto n = [&](uint64_t value, int size) { return number(value, size, little_endian); };
  const std::string maker = n(0x010F, 2) + n(2, 2) + n(4, 4) + std::string("abc\0", 4);
  const std::string turn = n(0x0112, 2) + n(3, 2) + n(1, 4) + n(static_cast<uint64_t>(orientation), 2) + n(0, 2);
  return (little_endian ? "II" : "MM") + n(42, 2) + n(8, 4) + n(2, 2) + maker + turn + n(0, 4);
}

}  // namespace vlrm::testing
