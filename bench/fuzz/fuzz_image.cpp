// Image files: decoded, turned, and what comes of it tiled, or cut into patches.
#include <string_view>

#include "base/error.h"
#include "vision/mllama_processor.h"
#include "vision/qwen2_vl_processor.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  vlrm::DecodeOptions options;
  options.max_pixels = 1 << 18;
  options.alpha = size % 2 == 0 ? vlrm::DecodeOptions::Alpha::on_white : vlrm::DecodeOptions::Alpha::drop;
  vlrm::MllamaProcessorConfig tiles;
  tiles.tile_size = 28;
  vlrm::Qwen2VlProcessorConfig patches;
  for (auto* scale : {&tiles.scale, &patches.scale}) scale->mean = scale->std = {0.5, 0.5, 0.5};
  try {
    const vlrm::Image image = vlrm::decode_image({reinterpret_cast<const char*>(data), size}, "image", options);
    vlrm::MllamaProcessor(tiles).process(image);
    vlrm::Qwen2VlProcessor(patches).process(image);
  } catch (const vlrm::Error&) {
  }
  return 0;
}
