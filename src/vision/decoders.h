// What image.cpp is made of: one decoder a format, and the arithmetic of Pillow's colour conversions that they share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "vision/image.h"

namespace vlrm::detail {

// Each decodes the whole of `bytes`, without turning. Throws Error naming `name`.
Image decode_jpeg(std::string_view bytes, const std::string& name, const DecodeOptions& options);
Image decode_png(std::string_view bytes, const std::string& name, const DecodeOptions& options);
Image decode_webp(std::string_view bytes, const std::string& name, const DecodeOptions& options);

// Throws Error for a declared size that is empty or larger than allowed. To be asked before anything is allocated.
void check_size(int64_t width, int64_t height, const std::string& name, const DecodeOptions& options);
// Throws Error where decoding takes so many bytes in all, pixels included, and they are too many.
void check_memory(int64_t bytes, const std::string& name);

// An image that is decoded in place: its samples, of so many bytes a pixel, stand at the end of the room for its pixels
// and become RGB from the front on, so that none is overwritten before it is read.
struct InPlace {
  InPlace(int64_t width, int64_t height, int64_t bytes_a_pixel);
  uint8_t* samples();
  Image finished() &&;  // once `image.rgb` begins with the pixels
  Image image;

 private:
  size_t samples_size_;
};

// value / 255 rounded to nearest, for value in [0, 255²]: what every fixed-point blend of Pillow's amounts to.
constexpr uint8_t divided_by_255(int value) {
  return static_cast<uint8_t>((value + 127) / 255);
}

// What becomes of a colour component under an alpha.
constexpr uint8_t without_alpha(int component, int alpha, DecodeOptions::Alpha mode) {
  if (mode == DecodeOptions::Alpha::drop) return static_cast<uint8_t>(component);
  return divided_by_255(component * alpha + 255 * (255 - alpha));
}

}  // namespace vlrm::detail
