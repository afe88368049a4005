#include "vision/qwen2_vl_processor.h"

#include "support/support.h"
#include "vision/samples.h"

namespace vlrm::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Qwen2VlProcessorConfig blocks_of_four() {
  Qwen2VlProcessorConfig config;
  config.patch_size = 2;
  config.min_pixels = 16;
  config.max_pixels = 400;
  config.scale.do_rescale = config.scale.do_normalize = false;
  return config;
}

std::vector<int64_t> patches_of(int64_t width, int64_t height) {
  const ProcessedImage image = Qwen2VlProcessor(blocks_of_four()).process(some_image(width, height));
  const Qwen2VlGrid grid = Qwen2VlGrid::of(image);
  EXPECT_EQ(image.tokens, grid.rows * grid.columns / 4);
  EXPECT_EQ(image.columns, grid.columns / 2);
  return {grid.columns, grid.rows};
}

TEST(Qwen2VlProcessorTest, SidesAreRoundedToBlocksWithHalvesToEven) {
  EXPECT_THAT(patches_of(8, 8), ElementsAre(4, 4));
  EXPECT_THAT(patches_of(10, 14), ElementsAre(4, 8));   // 2.5 and 3.5 blocks
  EXPECT_THAT(patches_of(1, 100), ElementsAre(2, 20));  // 0 blocks wide: too small an area, scaled by its own sides
  EXPECT_THAT(patches_of(1, 1), ElementsAre(2, 2));
  EXPECT_THAT(patches_of(40, 40), ElementsAre(10, 10));
}

TEST(Qwen2VlProcessorTest, PatchesOfABlockStandTogether) {
  const Image image = some_image(8, 12);
  const ProcessedImage processed = Qwen2VlProcessor(blocks_of_four()).process(image);
  ASSERT_EQ(processed.pixels.size(), image.rgb.size());
  for (size_t y = 0; y < 12; ++y)
    for (size_t x = 0; x < 8; ++x)
      for (size_t c = 0; c < 3; ++c) {
        const size_t block = y / 4 * 2 + x / 4, patch = block * 4 + y / 2 % 2 * 2 + x / 2 % 2;
        ASSERT_EQ(processed.pixels[((patch * 3 + c) * 2 + y % 2) * 2 + x % 2], image.rgb[(y * 8 + x) * 3 + c]);
      }
}

TEST(Qwen2VlProcessorTest, RefusesWhatIsMuchTooLong) {
  const Qwen2VlProcessor processor(blocks_of_four());
  processor.process(some_image(200, 1));
  EXPECT_THAT(error_of([&] { processor.process(some_image(1, 201)); }), HasSubstr("more than 200 times the other"));
}

TEST(Qwen2VlProcessorTest, OtherLimitsReplaceThoseOfTheFiles) {
  const Qwen2VlProcessor processor(blocks_of_four());
  const auto patches = [](const ImageProcessor& one) { return one.process(some_image(40, 40)).grid[0]; };
  EXPECT_EQ(patches(processor), 10);
  EXPECT_EQ(patches(*processor.within({.least = std::nullopt, .most = 100})), 4);
  EXPECT_EQ(patches(*processor.within({.least = 3000, .most = 4000})), 28);
  EXPECT_EQ(patches(processor), 10);
  for (const auto& [limits, message] : std::initializer_list<std::pair<PixelLimits, const char*>>{
           {{.least = 0, .most = 100}, "`min_pixels`: 0 is not within 1 and 16777216"},
           {{.least = 1, .most = 16777217}, "`max_pixels`: 16777217 is not within"},
           {{.least = std::nullopt, .most = 15}, "`max_pixels`: images of at least 16 pixels and at most 15 do not"},
           {{.least = 401, .most = std::nullopt},
            "`min_pixels`: images of at least 401 pixels and at most 400 do not"}})
    EXPECT_THAT(error_of([&, limits = limits] { processor.within(limits); }), HasSubstr(message));
}

TEST(Qwen2VlProcessorConfigTest, ReadsAreasUnderEitherName) {
  const TemporaryDirectory dir;
  const auto read = [&](const char* text) {
    write_text(dir / "preprocessor_config.json", text);
    const auto config = Qwen2VlProcessorConfig::from_directory(dir.path());
    return std::vector{config.min_pixels, config.max_pixels};
  };
  EXPECT_THAT(read("{}"), ElementsAre(3136, 1003520));
  EXPECT_THAT(read(R"({"size": {"shortest_edge": 7, "longest_edge": 9}})"), ElementsAre(7, 9));
  EXPECT_THAT(read(R"({"size": {"shortest_edge": 7, "longest_edge": 9}, "max_pixels": 8})"), ElementsAre(7, 8));
  // As transformers 4.45 to 4.48 wrote it; the areas inside "size" are not read by later ones.
  EXPECT_THAT(read(R"({"size": {"min_pixels": 1, "max_pixels": 2}, "min_pixels": 7, "max_pixels": 9})"),
              ElementsAre(7, 9));
  EXPECT_THAT(read(R"({"size": {"longest_edge": 9}, "min_pixels": 7})"), ElementsAre(7, 9));
}

TEST(Qwen2VlProcessorConfigTest, AFileMayAskForWhatAnOptionMay) {
  const TemporaryDirectory dir;
  const auto read = [&](int64_t frames, int64_t pixels) {
    write_text(dir / "preprocessor_config.json",
               fmt::format(R"({{"temporal_patch_size": {}, "max_pixels": {}}})", frames, pixels));
    return Qwen2VlProcessorConfig::from_directory(dir.path());
  };
  for (const int64_t frames : {1, 2, 8}) {
    const int64_t most = 33554432 / frames;
    EXPECT_EQ(read(frames, most).within({.least = 1, .most = most}).max_pixels, most);
    const std::string line = fmt::format("{} is not within 1 and {}", most + 1, most);
    EXPECT_THAT(error_of([&] { read(frames, most).within({.least = 1, .most = most + 1}); }), HasSubstr(line));
    EXPECT_THAT(error_of([&] { read(frames, most + 1); }),
                HasSubstr(fmt::format("is {}, not within 1 and {}", most + 1, most)));
  }
}

TEST(Qwen2VlProcessorConfigTest, NamesWhatIsWrong) {
  const TemporaryDirectory dir;
  for (const auto& [text, message] : std::initializer_list<std::pair<const char*, const char*>>{
           {"[]", "not a JSON object"},
           {R"({"size": {"shortest_edge": 7}})", "\"longest_edge\" is missing"},
           {R"({"size": {"min_pixels": 7, "max_pixels": 9}})", "\"shortest_edge\" is missing"},
           {R"({"size": {"min_pixels": 7, "max_pixels": 9}, "min_pixels": 7})", "\"longest_edge\" is missing"},
           {R"({"size": 9, "min_pixels": 7, "max_pixels": 9})", "\"shortest_edge\" is missing"},
           {R"({"size": {"shortest_edge": 7, "longest_edge": 100000000}})", "\"longest_edge\" is 100000000"},
           {R"({"min_pixels": 100, "max_pixels": 99})", "do not exist"},
           {R"({"patch_size": 0})", "\"patch_size\" is 0"},
           {R"({"merge_size": 1000})", "\"merge_size\" is 1000"},
           {R"({"resample": 2})", "only 3 (bicubic) is supported"},
           {R"({"do_resize": false})", "\"do_resize\" is false"},
           {R"({"image_std": 0})", "has a zero"},
           {R"({"image_processor_type": "MllamaImageProcessor"})", "only Qwen2VLImageProcessor is supported"}}) {
    write_text(dir / "preprocessor_config.json", text);
    EXPECT_THAT(error_of([&] { Qwen2VlProcessorConfig::from_directory(dir.path()); }), HasSubstr(message)) << text;
  }
}

}  // namespace
}  // namespace vlrm::testing
