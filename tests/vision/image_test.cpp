// Decoding: what each kind of file becomes, and what broken ones are told.
#include "support/support.h"
#include "vision/decoders.h"
#include "vision/samples.h"

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

namespace vlrm::testing {
namespace {

constexpr int kGray = 0, kPalette = 3, kGrayAlpha = 4, kRgba = 6;

std::vector<uint8_t> pixels(const std::string& file, DecodeOptions::Alpha alpha = DecodeOptions::Alpha::on_white) {
  DecodeOptions options;
  options.alpha = alpha;
  return decode_image(file, "image", options).rgb;
}

std::string decode_error(const std::string& file, const DecodeOptions& options = {}) {
  return error_of([&] { decode_image(file, "x.img", options); });
}

TEST(DecodeImage, LosslessFormatsGiveThePixelsBack) {
  const Image image = some_image(21, 13);
  for (const std::string& file : {png(image), webp(image)}) {
    const Image decoded = decode_image(file, "image", {});
    EXPECT_EQ(decoded.width, 21);
    EXPECT_EQ(decoded.height, 13);
    EXPECT_EQ(decoded.rgb, image.rgb);
  }
}

TEST(DecodeImage, GrayOfEveryDepthIsStretchedButSixteenBitsAreCut) {
  EXPECT_THAT(pixels(png(2, 1, 1, kGray, {"\x40"})), ElementsAre(0, 0, 0, 255, 255, 255));
  EXPECT_THAT(pixels(png(2, 1, 2, kGray, {"\x60"})), ElementsAre(85, 85, 85, 170, 170, 170));
  EXPECT_THAT(pixels(png(2, 1, 4, kGray, {"\x1F"})), ElementsAre(17, 17, 17, 255, 255, 255));
  EXPECT_THAT(pixels(png(2, 1, 16, kGray, {std::string("\0\x7F\1\0", 4)})), ElementsAre(127, 127, 127, 255, 255, 255));
}

TEST(DecodeImage, TransparencyShowsWhiteOrIsDropped) {
  const auto drop = DecodeOptions::Alpha::drop;
  const std::string gray_alpha = png(2, 1, 8, kGrayAlpha, {std::string("\x64\x80\x64\0", 4)});
  EXPECT_THAT(pixels(gray_alpha), ElementsAre(177, 177, 177, 255, 255, 255));
  EXPECT_THAT(pixels(gray_alpha, drop), ElementsAre(100, 100, 100, 100, 100, 100));
  const std::string rgba = png(1, 1, 8, kRgba, {std::string("\0\x64\xFF\x33", 4)});
  EXPECT_THAT(pixels(rgba), ElementsAre(204, 224, 255));
  EXPECT_THAT(pixels(rgba, drop), ElementsAre(0, 100, 255));
  const std::string webp_file = webp_rgba({0, 100, 255, 51}, 1, 1);
  EXPECT_THAT(pixels(webp_file), ElementsAre(204, 224, 255));
  EXPECT_THAT(pixels(webp_file, drop), ElementsAre(0, 100, 255));
  const std::string transparent_gray = png_chunk("tRNS", std::string("\0\x11", 2));
  EXPECT_THAT(pixels(png(2, 1, 8, kGray, {"\x11\x12"}, transparent_gray)), ElementsAre(255, 255, 255, 18, 18, 18));
}

TEST(DecodeImage, PalettesHaveAlphaAndBlackWhereTheyEnd) {
  const std::string palette = png_chunk("PLTE", std::string("\x01\x02\x03\x0A\x14\x1E", 6));
  const std::string file = png(3, 1, 2, kPalette, {"\x18"}, palette + png_chunk("tRNS", std::string("\0", 1)));
  EXPECT_THAT(pixels(file), ElementsAre(255, 255, 255, 10, 20, 30, 0, 0, 0));
  EXPECT_THAT(pixels(file, DecodeOptions::Alpha::drop), ElementsAre(1, 2, 3, 10, 20, 30, 0, 0, 0));
}

TEST(DecodeImage, BrokenPalettesAreErrors) {
  EXPECT_THAT(decode_error(png(1, 1, 8, kPalette, {"\x01"})), StartsWith("x.img: not a readable PNG: "));
  EXPECT_THAT(decode_error(png(1, 1, 8, kPalette, {"\x01"}, png_chunk("PLTE", "abcd"))), HasSubstr("PLTE"));
}

TEST(DecodeImage, OtherFormatsAreNamed) {
  const std::string readable = "this program reads JPEG, PNG and WebP";
  EXPECT_THAT(decode_error("GIF89a..."), AllOf(HasSubstr("a GIF image"), HasSubstr(readable)));
  EXPECT_THAT(decode_error("BM......."), AllOf(HasSubstr("a BMP image"), HasSubstr(readable)));
  EXPECT_THAT(decode_error(std::string("II*\0....", 8)), AllOf(HasSubstr("a TIFF image"), HasSubstr(readable)));
  EXPECT_THAT(decode_error(std::string("MM\0*....", 8)), HasSubstr("a TIFF image"));
  EXPECT_THAT(decode_error("hello"), AllOf(StartsWith("x.img: not an image"), HasSubstr(readable)));
  EXPECT_THAT(decode_error(""), HasSubstr("empty"));
}

TEST(DecodeImage, EveryTruncationIsAnError) {
  const Image image = some_image(40, 30);
  const size_t png_ending = 12 + 12 + 4;  // nothing is missing where only IEND and checksums are
  const struct {
    std::string file;
    size_t ending;
  } cases[] = {{jpeg(image), 0}, {jpeg(image, true), 0}, {png(image), png_ending}, {webp(image), 1}};
  for (const auto& [file, ending] : cases) {
    EXPECT_NO_THROW(decode_image(file, "x.img", {}));
    const size_t last = file.size() - ending;
    for (size_t size = 0; size < last; size += size < 64 || last - size < 64 ? 1 : 37)
      EXPECT_THAT(decode_error(file.substr(0, size)), StartsWith("x.img: ")) << size;
  }
  EXPECT_THAT(decode_error(jpeg(image).substr(0, 500)), HasSubstr("not a readable JPEG: truncated"));
  EXPECT_THAT(decode_error(png(image).substr(0, 500)), HasSubstr("not a readable PNG: truncated"));
  EXPECT_THAT(decode_error(webp(image).substr(0, 500)), HasSubstr("not a readable WebP: truncated or malformed"));
}

TEST(DecodeImage, AFewBytesCannotClaimManyPixels) {
  const Image image = some_image(40, 30);
  DecodeOptions options;
  options.max_pixels = 40 * 30 - 1;
  for (const std::string& file : {jpeg(image), png(image), webp(image)})
    EXPECT_THAT(decode_error(file, options), AllOf(HasSubstr("40 x 30 pixels"), HasSubstr("decompression bomb")));
  options.max_pixels = 40 * 30;
  for (const std::string& file : {jpeg(image), png(image), webp(image)})
    EXPECT_NO_THROW(decode_image(file, "x.img", options));
  EXPECT_THAT(decode_error(png(2'000'000'000, 2'000'000'000, 16, kRgba, {"x"})), HasSubstr("decompression bomb"));
}

TEST(DecodeImage, AJpegOfEndlessScansIsAnError) {
  std::string file = jpeg(some_image(16, 16), true);
  const size_t scan = file.rfind("\xFF\xDA"), end = file.size() - 2;
  const std::string again = file.substr(scan, end - scan);
  for (int i = 0; i < 1200; ++i) file.insert(end, again);
  EXPECT_THAT(decode_error(file), HasSubstr("more than 1000 scans"));
}

TEST(ReadImage, NamesTheFile) {
  const TemporaryDirectory dir;
  write_text(dir / "a\nb.jpg", "no image");
  EXPECT_THAT(error_of([&] { read_image(dir / "a\nb.jpg", {}); }), HasSubstr("a\\x0ab.jpg: not an image"));
  EXPECT_THAT(error_of([&] { read_image(dir / "none.jpg", {}); }), HasSubstr("none.jpg"));
}

TEST(DividedBy255, RoundsToNearest) {
  for (int value = 0; value <= 255 * 255; ++value)
    ASSERT_EQ(detail::divided_by_255(value), static_cast<int>(value / 255.0 + 0.5));
}

}  // namespace
}  // namespace vlrm::testing
