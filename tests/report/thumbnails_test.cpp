#include "report/thumbnails.h"

#include "support/support.h"
#include "vision/encode_jpeg.h"

using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

// Noise, which no quality makes small.
Image noise(int64_t width, int64_t height, uint32_t seed) {
  Image image{width, height, std::vector<uint8_t>(static_cast<size_t>(width * height * 3))};
  for (uint8_t& value : image.rgb) value = static_cast<uint8_t>((seed = seed * 1664525 + 1013904223) >> 24);
  return image;
}

EncodedImage encoded(int64_t width, int64_t height, uint32_t seed = 1) {
  return {"noise", encode_jpeg(noise(width, height, seed), 90)};
}

Image decoded(const std::string& file) {
  return decode_image(file, "thumbnail", {});
}

TEST(EncodeJpeg, GivesTheColoursBack) {
  Image image{40, 30, {}};
  for (int i = 0; i < 40 * 30; ++i) image.rgb.insert(image.rgb.end(), {200, 60, 20});
  const Image read = decoded(encode_jpeg(image, 90));
  ASSERT_EQ(read.width, 40);
  ASSERT_EQ(read.height, 30);
  EXPECT_NEAR(read.rgb[0], 200, 3);
  EXPECT_NEAR(read.rgb[1], 60, 3);
  EXPECT_NEAR(read.rgb[2], 20, 3);
}

TEST(Thumbnails, TheLongestSideIsWhatWasAskedAndSmallOnesStay) {
  Thumbnails thumbnails(100, 1'000'000);
  const std::vector images{encoded(400, 200), encoded(30, 60), encoded(2, 900)};
  thumbnails.add(images, {});
  ASSERT_EQ(thumbnails.files().size(), 3U);
  const Image wide = decoded(thumbnails.files()[0]), small = decoded(thumbnails.files()[1]);
  EXPECT_EQ(wide.width, 100);
  EXPECT_EQ(wide.height, 50);
  EXPECT_EQ(small.width, 30);
  EXPECT_EQ(decoded(thumbnails.files()[2]).width, 1);
}

TEST(Thumbnails, EachDistinctOneIsThereOnce) {
  Thumbnails thumbnails(64, 1'000'000);
  const std::vector images{encoded(80, 80, 1), encoded(80, 80, 2), encoded(80, 80, 1)};
  EXPECT_THAT(thumbnails.add(images, {}), ::testing::ElementsAre(0, 1, 0));
  EXPECT_THAT(thumbnails.add({images.data() + 1, 1}, {}), ::testing::ElementsAre(1));
  EXPECT_EQ(thumbnails.files().size(), 2U);
  thumbnails.keep_first(1);
  EXPECT_THAT(thumbnails.add({images.data() + 2, 1}, {}), ::testing::ElementsAre(0));
  EXPECT_THAT(thumbnails.add({images.data() + 1, 1}, {}), ::testing::ElementsAre(1));
}

TEST(Thumbnails, KeepToTheBudget) {
  const std::vector images{encoded(200, 200, 1), encoded(200, 200, 2), encoded(200, 200, 3)};
  Thumbnails roomy(200, 10'000'000), tight(200, 40'000), none(200, 100);
  roomy.add(images, {});
  tight.add(images, {});
  none.add(images, {});
  EXPECT_GT(roomy.bytes(), 40'000);
  EXPECT_LE(tight.bytes(), 40'000);
  EXPECT_EQ(tight.left_out(), 0);
  EXPECT_LT(decoded(tight.files()[0]).width, 200);
  EXPECT_LE(none.bytes(), 100);
  EXPECT_EQ(none.left_out(), 3);
}

TEST(Thumbnails, WhatIsNoImageIsCountedAndNamed) {
  Thumbnails thumbnails(64, 1'000'000);
  const std::vector<EncodedImage> images{{"row 7", "no image"}, encoded(8, 8), {"/nowhere/a.png"}};
  EXPECT_THAT(thumbnails.add(images, {}), ::testing::ElementsAre(std::nullopt, 0, std::nullopt));
  EXPECT_EQ(thumbnails.unreadable(), 2);
  EXPECT_THAT(thumbnails.first_error(), HasSubstr("row 7: not an image"));
}

}  // namespace
}  // namespace vlrm::testing
