// Images for the tests, encoded here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vision/image.h"

namespace vlrm::testing {

// [height, width, 3] bytes that differ from pixel to pixel.
Image some_image(int64_t width, int64_t height);

std::string png_chunk(const std::string& kind, const std::string& data);
// A PNG of `rows`: each row the packed samples, unfiltered. `ancillary`: chunks between header and pixels.
std::string png(uint32_t width, uint32_t height, int depth, int color_type, const std::vector<std::string>& rows,
                const std::string& ancillary = "");
std::string png(const Image& image, const std::string& ancillary = "");

std::string jpeg(const Image& image, bool progressive = false);
std::string webp(const Image& image);
// [height, width, 4] bytes, lossless.
std::string webp_rgba(const std::vector<uint8_t>& rgba, int width, int height);

// A TIFF structure with the orientation, as EXIF blocks hold it.
std::string exif_block(int orientation, bool little_endian);

}  // namespace vlrm::testing
