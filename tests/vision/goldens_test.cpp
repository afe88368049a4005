// Against what transformers 4.47.1 and Pillow 10.4 made of the same files.
#include "support/support.h"
#include "vision/mllama_processor.h"
#include "weights/safetensors.h"

namespace vlrm::testing {
namespace {

TEST(ReferenceImages, PixelsTilesAndAspectRatiosAreTheSame) {
  VLRM_NEED_GOLDENS();
  const auto reference = goldens() / "reference";
  const Json expected = read_json_or_throw(reference / "images.json");
  const CheckpointPtr pixels = open_safetensors_file(reference / "pixel_values.safetensors");
  const auto config = MllamaProcessorConfig::from_directory(goldens() / "models" / "vlm");
  int compared = 0;
  for (const auto& [key, golden] : expected.items()) {
    SCOPED_TRACE(key);
    DecodeOptions options;
    options.apply_exif = key.ends_with("|exif_transpose");
    const Image image = read_image(reference / "images" / key.substr(0, key.find('|')), options);
    if (golden.contains("error")) {  // one pixel high: the reference fails where we need not
      EXPECT_EQ(image.height, 1);
      continue;
    }
    const ProcessedImage tiled = MllamaProcessor(config).process(image);
    EXPECT_EQ(MllamaGrid::of(tiled).tiles, golden["num_tiles"][0][0]);
    EXPECT_EQ(MllamaGrid::of(tiled).aspect_ratio_id, golden["aspect_ratio_ids"][0][0]);
    EXPECT_EQ(tiled.pixels, read_all_float32(*pixels, key));
    ++compared;
  }
  EXPECT_GE(compared, 26);
}

}  // namespace
}  // namespace vlrm::testing
