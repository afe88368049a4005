// JPEG by way of libjpeg. Pillow leaves libjpeg's defaults alone (accurate integer IDCT, smooth upsampling), and so do
// we.
#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>
// jpeglib.h needs what comes before it.
#include <jpeglib.h>

#include "base/error.h"
#include "vision/decoders.h"

namespace vlrm::detail {
namespace {

// A small file can declare any number of passes over a large image: so many blocks of all passes, but never too few for
// what encoders write.
constexpr int64_t kMostBlocks = int64_t{64} << 20, kLeastScans = 20, kMostScans = 1000;

// One decompression. libjpeg reports an error by a call that must not return: it jumps back into attempt(). What runs
// inside attempt() may hold nothing with a destructor.
class JpegReader {
 public:
  JpegReader(std::string_view bytes) {
    codec_.err = jpeg_std_error(&errors_);
    codec_.client_data = this;
    errors_.error_exit = [](j_common_ptr codec) {
      JpegReader& reader = of(codec);
      codec->err->format_message(codec, reader.message_);
      reader.give_up();
    };
    errors_.output_message = [](j_common_ptr) {};
    progress_.progress_monitor = [](j_common_ptr codec) {
      JpegReader& reader = of(codec);
      if (reader.codec_.input_scan_number <= reader.most_scans_) return;
      std::snprintf(reader.message_, sizeof reader.message_, "more than %d scans of so many pixels",
                    reader.most_scans_);
      reader.give_up();
    };
    source_.next_input_byte = reinterpret_cast<const JOCTET*>(bytes.data());
    source_.bytes_in_buffer = bytes.size();
    source_.init_source = source_.term_source = [](j_decompress_ptr) {};
    source_.fill_input_buffer = [](j_decompress_ptr codec) -> boolean { of(codec).fail_truncated(); };
    source_.skip_input_data = [](j_decompress_ptr codec, long count) {
      if (count <= 0) return;
      if (static_cast<size_t>(count) > codec->src->bytes_in_buffer) of(codec).fail_truncated();
      codec->src->next_input_byte += count;
      codec->src->bytes_in_buffer -= static_cast<size_t>(count);
    };
    source_.resync_to_restart = jpeg_resync_to_restart;
  }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;
  ~JpegReader() { jpeg_destroy_decompress(&codec_); }

  // Reads the header. As every call below: false, with message(), where libjpeg gave up.
  bool begin() {
    return attempt([this] {
      jpeg_create_decompress(&codec_);
      codec_.src = &source_;
      codec_.progress = &progress_;
      jpeg_read_header(&codec_, TRUE);
      most_scans_ = static_cast<int>(std::clamp(kMostBlocks / std::max<int64_t>(1, blocks()), kLeastScans, kMostScans));
    });
  }

  // Decodes into [height, width, components()] bytes.
  bool read(uint8_t* pixels) {
    return attempt([this, pixels] {
      codec_.out_color_space = components() == 4 ? JCS_CMYK : JCS_RGB;
      jpeg_start_decompress(&codec_);
      const size_t stride = codec_.output_width * static_cast<size_t>(codec_.output_components);
      while (codec_.output_scanline < codec_.output_height) {
        JSAMPROW row = pixels + codec_.output_scanline * stride;
        jpeg_read_scanlines(&codec_, &row, 1);
      }
      jpeg_finish_decompress(&codec_);
    });
  }

  // What libjpeg keeps besides the pixels: all of a picture whose passes go over it more than once.
  int64_t coefficient_bytes() {
    constexpr int64_t kBlockBytes = 64 * sizeof(JCOEF);
    return jpeg_has_multiple_scans(&codec_) ? blocks() * kBlockBytes : 0;
  }

  int64_t width() const { return codec_.image_width; }
  int64_t height() const { return codec_.image_height; }
  int components() const { return codec_.num_components; }
  const char* message() const { return message_; }

 private:
  static JpegReader& of(j_common_ptr codec) { return *static_cast<JpegReader*>(codec->client_data); }
  static JpegReader& of(j_decompress_ptr codec) { return *static_cast<JpegReader*>(codec->client_data); }

  int64_t blocks() const {
    int64_t count = 0;
    for (int i = 0; i < codec_.num_components; ++i)
      count += int64_t{codec_.comp_info[i].width_in_blocks} * codec_.comp_info[i].height_in_blocks;
    return count;
  }

  [[noreturn]] void give_up() { std::longjmp(jump_, 1); }
  [[noreturn]] void fail_truncated() {
    std::snprintf(message_, sizeof message_, "truncated");
    give_up();
  }

  template <class Action>
  bool attempt(const Action& action) {
    if (setjmp(jump_) != 0) return false;
    action();
    return true;
  }

  jpeg_decompress_struct codec_{};
  jpeg_error_mgr errors_{};
  jpeg_progress_mgr progress_{};
  jpeg_source_mgr source_{};
  int most_scans_ = kMostScans;
  std::jmp_buf jump_{};
  char message_[JMSG_LENGTH_MAX] = "";
};

// Inks are stored inverted, as Adobe does: 255 is none.
void cmyk_to_rgb(const uint8_t* cmyk, size_t count, uint8_t* rgb) {
  for (size_t i = 0; i < count; ++i, cmyk += 4, rgb += 3) {
    const std::array<uint8_t, 3> inks{cmyk[0], cmyk[1], cmyk[2]};
    const int light = cmyk[3];
    for (size_t c = 0; c < 3; ++c) rgb[c] = static_cast<uint8_t>(light - divided_by_255((255 - inks[c]) * light));
  }
}

}  // namespace

Image decode_jpeg(std::string_view bytes, const std::string& name, const DecodeOptions& options) {
  JpegReader reader(bytes);
  const auto fail_unreadable = [&] { fail("{}: not a readable JPEG: {}", name, printable(reader.message())); };
  if (!reader.begin()) fail_unreadable();
  const int64_t width = reader.width(), height = reader.height();
  check_size(width, height, name, options);
  const int components = reader.components();
  if (components != 1 && components != 3 && components != 4)
    fail("{}: a JPEG with {} components; 1, 3 and 4 are supported", name, components);
  const int64_t bytes_a_pixel = components == 4 ? 4 : 3;
  check_memory(width * height * bytes_a_pixel + reader.coefficient_bytes(), name);
  InPlace place(width, height, bytes_a_pixel);
  if (!reader.read(place.samples())) fail_unreadable();
  if (components == 4) cmyk_to_rgb(place.samples(), static_cast<size_t>(width * height), place.image.rgb.data());
  return std::move(place).finished();
}

}  // namespace vlrm::detail
