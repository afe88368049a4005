#include "vision/encode_jpeg.h"

#include <cstdio>
#include <cstdlib>
#include <memory>
// jpeglib.h needs what comes before it.
#include <jpeglib.h>

#include "base/error.h"

namespace vlrm {
namespace {

// libjpeg must not return from an error, and none of ours is the input's.
void stop(j_common_ptr codec) {
  char message[JMSG_LENGTH_MAX];
  codec->err->format_message(codec, message);
  assertion_failed(message, __FILE__, __LINE__);
}

}  // namespace

std::string encode_jpeg(const Image& image, int quality) {
  VLRM_ASSERT(image.width > 0 && image.height > 0 && image.width <= JPEG_MAX_DIMENSION &&
              image.height <= JPEG_MAX_DIMENSION);
  jpeg_compress_struct codec{};
  jpeg_error_mgr errors{};
  codec.err = jpeg_std_error(&errors);
  errors.error_exit = stop;
  jpeg_create_compress(&codec);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&codec, &bytes, &size);
  codec.image_width = static_cast<JDIMENSION>(image.width);
  codec.image_height = static_cast<JDIMENSION>(image.height);
  codec.input_components = 3;
  codec.in_color_space = JCS_RGB;
  jpeg_set_defaults(&codec);
  jpeg_set_quality(&codec, quality, TRUE);
  codec.optimize_coding = TRUE;
  jpeg_start_compress(&codec, TRUE);
  while (codec.next_scanline < codec.image_height) {
    // libjpeg takes rows that it could write to, and does not.
    auto* row = const_cast<JSAMPLE*>(image.rgb.data() + size_t{codec.next_scanline} * codec.image_width * 3);
    jpeg_write_scanlines(&codec, &row, 1);
  }
  jpeg_finish_compress(&codec);
  jpeg_destroy_compress(&codec);
  const std::unique_ptr<unsigned char, decltype(&std::free)> owner(bytes, std::free);
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace vlrm
