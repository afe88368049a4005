#include "support/support.h"
#include "vision/mllama_processor.h"
#include "vision/orientation.h"
#include "vision/resize.h"
#include "vision/samples.h"

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

MllamaProcessorConfig small_config() {
  MllamaProcessorConfig config;
  config.tile_size = 28;
  config.scale.mean = {0.5, 0.25, 0};
  config.scale.std = {0.5, 0.25, 2};
  return config;
}

Json valid_config() {
  return Json::parse(R"({"image_processor_type": "MllamaImageProcessor", "size": {"height": 28, "width": 28},
    "max_image_tiles": 4, "image_mean": [0.5, 0.5, 0.5], "image_std": 0.25, "resample": 2, "rescale_factor": 0.5})");
}

TEST(Resized, KeepsAFlatColorAndTheVerySize) {
  Image flat{37, 19, std::vector<uint8_t>(37 * 19 * 3, 201)};
  for (const int64_t size : {1, 7, 37, 300}) EXPECT_THAT(resized(flat, size, size).rgb, Each(201));
  const Image image = some_image(37, 19);
  EXPECT_EQ(resized(image, 37, 19).rgb, image.rgb);
}

TEST(Resized, TreatsRowsAsColumns) {
  const Image image = some_image(61, 47);
  constexpr int kExchanged = 5;  // the orientation that exchanges rows and columns
  for (const int64_t size : {1, 2, 13, 60, 61, 62, 100, 250})
    EXPECT_EQ(turned(resized(image, size, 47), kExchanged).rgb, resized(turned(image, kExchanged), 47, size).rgb)
        << size;
}

TEST(Resized, HalvesByTheTriangleFilter) {
  const Image image{4, 1, {0, 0, 0, 80, 80, 80, 160, 160, 160, 240, 240, 240}};
  // Weights 3 3 1 of 7 at the ends, where the filter is cut off.
  EXPECT_THAT(resized(image, 2, 1).rgb, ::testing::ElementsAre(57, 57, 57, 183, 183, 183));
}

TEST(Preprocess, NormalizesPixelsAndPadding) {
  const ProcessedImage tiled =
      MllamaProcessor(small_config()).process(Image{28, 14, std::vector<uint8_t>(28 * 14 * 3, 255)});
  EXPECT_EQ(MllamaGrid::of(tiled).tiles, 1);
  EXPECT_EQ(MllamaGrid::of(tiled).aspect_ratio_id, 1);
  ASSERT_EQ(tiled.pixels.size(), 3u * 28 * 28);
  EXPECT_EQ(tiled.pixels[0], 1.0F);
  EXPECT_EQ(tiled.pixels[28 * 28], 3.0F);
  EXPECT_EQ(tiled.pixels[2 * 28 * 28], 0.5F);
  EXPECT_EQ(tiled.pixels[14 * 28], -1.0F);  // below the image: black, normalised as well
}

TEST(Preprocess, TilesAreCutRowByRow) {
  const Image image = some_image(56, 56);
  auto config = small_config();
  config.scale.do_rescale = config.scale.do_normalize = false;
  const ProcessedImage tiled = MllamaProcessor(config).process(image);
  ASSERT_EQ(MllamaGrid::of(tiled).tiles, 4);
  EXPECT_EQ(MllamaGrid::of(tiled).aspect_ratio_id, 6);
  for (size_t y = 0; y < 56; ++y)
    for (size_t x = 0; x < 56; ++x)
      for (size_t c = 0; c < 3; ++c) {
        const size_t tile = y / 28 * 2 + x / 28;
        ASSERT_EQ(tiled.pixels[((tile * 3 + c) * 28 + y % 28) * 28 + x % 28], image.rgb[(y * 56 + x) * 3 + c]);
      }
}

TEST(Preprocess, TakesTheThinnestImages) {
  for (const auto& [width, height] : {std::pair{1, 1}, {1, 5000}, {5000, 1}, {2, 3000}, {3000, 2}, {50, 1}, {1, 50}}) {
    const ProcessedImage tiled = MllamaProcessor(small_config()).process(some_image(width, height));
    EXPECT_GE(MllamaGrid::of(tiled).tiles, 1);
    EXPECT_LE(MllamaGrid::of(tiled).tiles, 4);
  }
}

TEST(MllamaProcessorConfigTest, ReadsThePreprocessorConfig) {
  const TemporaryDirectory dir;
  write_text(dir / "preprocessor_config.json", valid_config().dump());
  const auto config = MllamaProcessorConfig::from_directory(dir.path());
  EXPECT_EQ(config.tile_size, 28);
  EXPECT_EQ(config.max_tiles, 4);
  EXPECT_EQ(config.scale.rescale_factor, 0.5);
  EXPECT_THAT(config.scale.mean, Each(0.5));
  EXPECT_THAT(config.scale.std, Each(0.25));
}

TEST(MllamaProcessorConfigTest, NamesWhatIsMissingOrWrong) {
  const struct {
    const char *patch, *message;  // a JSON merge patch: null removes
  } cases[] = {
      {R"({"size": null})", "\"size\" is missing"},
      {R"({"size": {"width": null}})", "\"width\" is missing"},
      {R"({"size": {"width": 30}})", "not a square"},
      {R"({"size": {"height": 0}})", "\"height\" is 0, not within 1 and"},
      {R"({"size": {"height": 100000}})", "\"height\" is 100000, not within 1 and"},
      {R"({"max_image_tiles": null})", "\"max_image_tiles\" is missing"},
      {R"({"max_image_tiles": 1000000})", "\"max_image_tiles\" is 1000000"},
      {R"({"image_mean": null})", "\"image_mean\" is missing"},
      {R"({"image_mean": [1, 2]})", "\"image_mean\" has 2 numbers"},
      {R"({"image_std": null})", "\"image_std\" is missing"},
      {R"({"image_std": [1, 0, 1]})", "has a zero"},
      {R"({"rescale_factor": "x"})", "\"rescale_factor\""},
      {R"({"resample": 3})", "only 2 (bilinear) is supported"},
      {R"({"do_resize": false})", "\"do_resize\" is false"},
      {R"({"do_pad": false})", "\"do_pad\" is false"},
      {R"({"do_convert_rgb": false})", "\"do_convert_rgb\" is false"},
      {R"({"image_processor_type": "CLIPImageProcessor"})", "only MllamaImageProcessor is supported"},
  };
  const TemporaryDirectory dir;
  EXPECT_THAT(error_of([&] { MllamaProcessorConfig::from_directory(dir.path()); }),
              HasSubstr("preprocessor_config.json"));
  for (const auto& [patch, message] : cases) {
    Json config = valid_config();
    config.merge_patch(Json::parse(patch));
    write_text(dir / "preprocessor_config.json", config.dump());
    EXPECT_THAT(error_of([&] { MllamaProcessorConfig::from_directory(dir.path()); }),
                AllOf(HasSubstr("preprocessor_config.json"), HasSubstr(message)));
  }
}

}  // namespace
}  // namespace vlrm::testing
