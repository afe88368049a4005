#include "vision/orientation.h"

#include "support/support.h"
#include "vision/samples.h"

namespace vlrm::testing {
namespace {

std::string jpeg_with_exif(const std::string& tiff) {
  const std::string block = std::string("Exif\0\0", 6) + tiff;
  const auto length = static_cast<char>(block.size() + 2);
  std::string file = jpeg(some_image(2, 3));
  return file.insert(2, std::string("\xFF\xE1\0", 3) + length + block);
}

// In the extended format, whose header says that there is an EXIF chunk.
std::string webp_with_exif(const std::string& tiff) {
  const std::string length{static_cast<char>(tiff.size()), 0, 0, 0};
  const std::string header = std::string("VP8X\x0A\0\0\0\x08\0\0\0", 12) + std::string("\x01\0\0\x02\0\0", 6);
  std::string file = webp(some_image(2, 3)).insert(12, header) + "EXIF" + length + tiff;
  if (tiff.size() % 2 == 1) file += '\0';
  file[4] = static_cast<char>(file.size() - 8);
  return file;
}

TEST(ExifOrientation, IsFoundInEveryFormatAndByteOrder) {
  for (int orientation = 1; orientation <= 8; ++orientation)
    for (const bool little_endian : {false, true}) {
      const std::string tiff = exif_block(orientation, little_endian);
      EXPECT_EQ(declared_orientation(ImageFormat::jpeg, jpeg_with_exif(tiff)), orientation);
      EXPECT_EQ(declared_orientation(ImageFormat::png, png(some_image(2, 3), png_chunk("eXIf", tiff))), orientation);
      EXPECT_EQ(declared_orientation(ImageFormat::webp, webp_with_exif(tiff)), orientation);
    }
}

TEST(ExifOrientation, OfMalformedBlocksIsUpright) {
  for (const int value : {0, 9, 300})
    EXPECT_EQ(declared_orientation(ImageFormat::jpeg, jpeg_with_exif(exif_block(value, true))), 1);
  const std::string tiff = exif_block(6, true);
  for (size_t size = 0; size < 32; ++size)  // the orientation ends at byte 32
    EXPECT_EQ(declared_orientation(ImageFormat::jpeg, jpeg_with_exif(tiff.substr(0, size))), 1) << size;
  std::string other = tiff;
  other[2] = 43;  // where TIFF has 42
  EXPECT_EQ(declared_orientation(ImageFormat::jpeg, jpeg_with_exif(other)), 1);
  std::string far = tiff;
  far.replace(4, 4, "\xFF\xFF\xFF\xFF");  // where the directory is
  EXPECT_EQ(declared_orientation(ImageFormat::jpeg, jpeg_with_exif(far)), 1);
  const std::string file = jpeg_with_exif(tiff);
  for (size_t size = 0; size < file.size(); ++size)
    for (const auto format : {ImageFormat::jpeg, ImageFormat::png, ImageFormat::webp})
      EXPECT_LE(declared_orientation(format, std::string_view(file).substr(0, size)), 6);
}

TEST(ExifOrientation, IsAppliedUnlessRefused) {
  const std::string file = png(some_image(2, 3), png_chunk("eXIf", exif_block(6, false)));
  EXPECT_EQ(decode_image(file, "image", {}).width, 3);
  DecodeOptions as_stored;
  as_stored.apply_exif = false;
  EXPECT_EQ(decode_image(file, "image", as_stored).width, 2);
}

// Where each pixel of  0 1   ends up, by the standard's words: "the 0th row at the visual … side, the 0th column at …".
//                      2 3
//                      4 5
TEST(Turned, PutsRowZeroAndColumnZeroWhereTheStandardSays) {
  const std::vector<std::vector<int>> expected = {{0, 1, 2, 3, 4, 5}, {1, 0, 3, 2, 5, 4}, {5, 4, 3, 2, 1, 0},
                                                  {4, 5, 2, 3, 0, 1}, {0, 2, 4, 1, 3, 5}, {4, 2, 0, 5, 3, 1},
                                                  {5, 3, 1, 4, 2, 0}, {1, 3, 5, 0, 2, 4}};
  Image image{2, 3, {}};
  for (int pixel = 0; pixel < 6; ++pixel)
    for (int c = 0; c < 3; ++c) image.rgb.push_back(static_cast<uint8_t>(pixel * 10 + c));
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const Image result = turned(image, orientation);
    EXPECT_EQ(result.width, orientation < 5 ? 2 : 3);
    EXPECT_EQ(result.height, orientation < 5 ? 3 : 2);
    for (size_t i = 0; i < 18; ++i)
      EXPECT_EQ(result.rgb[i], expected[static_cast<size_t>(orientation - 1)][i / 3] * 10 + static_cast<int>(i % 3));
  }
}

}  // namespace
}  // namespace vlrm::testing
