// PNG by way of libpng, which hands over the samples; what they mean as RGB follows Pillow.
#include <png.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <span>

#include "base/error.h"
#include "vision/decoders.h"

namespace vlrm::detail {
namespace {

// One decoding. libpng reports an error by a call that must not return: it jumps back into attempt(). What runs inside
// attempt() may hold nothing with a destructor.
class PngReader {
 public:
  PngReader(std::string_view bytes) : rest_(bytes) {
    png_ = png_create_read_struct(
        PNG_LIBPNG_VER_STRING, this,
        [](png_structp png, png_const_charp message) {
          static_cast<PngReader*>(png_get_error_ptr(png))->give_up(message);
        },
        [](png_structp, png_const_charp) {});
    info_ = png_ ? png_create_info_struct(png_) : nullptr;
    if (!info_) throw std::bad_alloc();
  }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }

  // Reads all that comes before the pixels. As every call below: false, with message(), where libpng gave up.
  bool begin() {
    return attempt([this] {
      png_set_read_fn(png_, this, [](png_structp png, png_bytep out, size_t count) {
        auto& reader = *static_cast<PngReader*>(png_get_io_ptr(png));
        if (count > reader.rest_.size()) png_error(png, "truncated");
        std::memcpy(out, reader.rest_.data(), count);
        reader.rest_.remove_prefix(count);
      });
      png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // the product is what counts: see blank_image
      // Neither texts nor colour profiles are looked at, so they cannot expand either.
      png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
      png_read_info(png_, info_);
    });
  }

  // Settles how samples are handed over. Allocates rows of the declared width, so that is to be checked before.
  bool prepare() {
    return attempt([this] {
      depth_ = png_get_bit_depth(png_, info_);
      if (depth_ < 8) png_set_packing(png_);  // one sample a byte, not scaled
      if (depth_ == 16 && color_type() != PNG_COLOR_TYPE_GRAY) png_set_strip_16(png_);
      passes_ = png_set_interlace_handling(png_);
      png_read_update_info(png_, info_);
    });
  }

  size_t row_bytes() const { return png_get_rowbytes(png_, info_); }
  // Decodes into [height, row_bytes()] bytes.
  bool read(uint8_t* samples) {
    return attempt([this, samples] {
      for (int pass = 0; pass < passes_; ++pass)
        for (int64_t y = 0; y < height(); ++y)
          png_read_row(png_, samples + static_cast<size_t>(y) * row_bytes(), nullptr);
    });
  }

  int64_t width() const { return png_get_image_width(png_, info_); }
  int64_t height() const { return png_get_image_height(png_, info_); }
  int color_type() const { return png_get_color_type(png_, info_); }
  int depth() const { return depth_; }  // as in the file
  const char* message() const { return message_; }

  std::span<const png_color> palette() const {
    png_colorp colors = nullptr;
    int count = 0;
    png_get_PLTE(png_, info_, &colors, &count);
    return {colors, static_cast<size_t>(count)};
  }

  // Of palette entries, or empty.
  std::span<const uint8_t> palette_alpha() const {
    png_bytep alpha = nullptr;
    int count = 0;
    if (color_type() == PNG_COLOR_TYPE_PALETTE) png_get_tRNS(png_, info_, &alpha, &count, nullptr);
    return {alpha, static_cast<size_t>(count)};
  }

  // The grey value declared transparent, or nullptr.
  const uint16_t* transparent_gray() const {
    png_color_16p color = nullptr;
    if (color_type() == PNG_COLOR_TYPE_GRAY) png_get_tRNS(png_, info_, nullptr, nullptr, &color);
    return color ? &color->gray : nullptr;
  }

 private:
  [[noreturn]] void give_up(const char* message) {
    std::snprintf(message_, sizeof message_, "%s", message);
    std::longjmp(jump_, 1);
  }

  template <class Action>
  bool attempt(const Action& action) {
    if (setjmp(jump_) != 0) return false;
    action();
    return true;
  }

  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  int depth_ = 0, passes_ = 1;
  std::string_view rest_;
  std::jmp_buf jump_{};
  char message_[256] = "";
};

using Color = std::array<uint8_t, 3>;
using ColorTable = std::array<Color, 256>;

Color color_of(int red, int green, int blue, int alpha, DecodeOptions::Alpha mode) {
  return {without_alpha(red, alpha, mode), without_alpha(green, alpha, mode), without_alpha(blue, alpha, mode)};
}

// Entries that a file leaves out are black.
ColorTable palette_table(const PngReader& reader, DecodeOptions::Alpha mode) {
  const auto palette = reader.palette();
  const auto alpha = reader.palette_alpha();
  ColorTable table{};
  for (size_t i = 0; i < std::min(palette.size(), table.size()); ++i)
    table[i] = color_of(palette[i].red, palette[i].green, palette[i].blue, i < alpha.size() ? alpha[i] : 255, mode);
  return table;
}

// Samples below 8 bits are stretched to 0 … 255; those of 16 bits have been cut to 255 before. The transparent value is
// compared after that, by its low byte, although the file means the sample: Pillow's ways, which the reference sees.
ColorTable gray_table(const PngReader& reader, DecodeOptions::Alpha mode) {
  const uint16_t* transparent = reader.transparent_gray();
  const int step = reader.depth() < 8 ? 255 / ((1 << reader.depth()) - 1) : 1;
  ColorTable table{};
  for (int i = 0; i * step <= 255; ++i) {
    const int value = i * step;
    const int alpha = transparent && value == (*transparent & 0xFF) ? 0 : 255;
    table[static_cast<size_t>(i)] = color_of(value, value, value, alpha, mode);
  }
  return table;
}

void look_up(const uint8_t* samples, size_t count, const ColorTable& table, uint8_t* rgb) {
  for (size_t i = 0; i < count; ++i) rgb = std::copy_n(table[samples[i]].data(), 3, rgb);
}

// Big-endian samples of 16 bits; not scaled but cut, as Pillow's mode I;16 does.
void look_up_cut(const uint8_t* samples, size_t count, const ColorTable& table, uint8_t* rgb) {
  for (size_t i = 0; i < count; ++i) {
    const uint8_t sample = samples[2 * i] != 0 ? 255 : samples[2 * i + 1];
    rgb = std::copy_n(table[sample].data(), 3, rgb);
  }
}

// Pixels of `channels` samples, the last being alpha.
template <size_t channels>
void flatten(const uint8_t* samples, size_t count, DecodeOptions::Alpha mode, uint8_t* rgb) {
  for (size_t i = 0; i < count; ++i, samples += channels, rgb += 3) {
    const int red = samples[0], green = samples[channels == 4 ? 1 : 0], blue = samples[channels == 4 ? 2 : 0];
    const int alpha = samples[channels - 1];
    rgb[0] = without_alpha(red, alpha, mode);
    rgb[1] = without_alpha(green, alpha, mode);
    rgb[2] = without_alpha(blue, alpha, mode);
  }
}

}  // namespace

Image decode_png(std::string_view bytes, const std::string& name, const DecodeOptions& options) {
  PngReader reader(bytes);
  const auto fail_unreadable = [&] { fail("{}: not a readable PNG: {}", name, printable(reader.message())); };
  if (!reader.begin()) fail_unreadable();
  const int64_t width = reader.width(), height = reader.height();
  check_size(width, height, name, options);
  if (!reader.prepare()) fail_unreadable();
  const auto bytes_a_pixel = static_cast<int64_t>(reader.row_bytes()) / width;
  InPlace place(width, height, bytes_a_pixel);
  if (!reader.read(place.samples())) fail_unreadable();
  const auto count = static_cast<size_t>(width * height);
  uint8_t* rgb = place.image.rgb.data();
  switch (reader.color_type()) {
    case PNG_COLOR_TYPE_RGB:  // a transparent colour is not looked at, nor does the reference
      break;
    case PNG_COLOR_TYPE_PALETTE:
      look_up(place.samples(), count, palette_table(reader, options.alpha), rgb);
      break;
    case PNG_COLOR_TYPE_GRAY:
      (bytes_a_pixel == 2 ? look_up_cut : look_up)(place.samples(), count, gray_table(reader, options.alpha), rgb);
      break;
    case PNG_COLOR_TYPE_GRAY_ALPHA:
      flatten<2>(place.samples(), count, options.alpha, rgb);
      break;
    default:
      flatten<4>(place.samples(), count, options.alpha, rgb);
  }
  return std::move(place).finished();
}

}  // namespace vlrm::detail
