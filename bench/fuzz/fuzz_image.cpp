// Image files: decoded, turned, and what comes of it tiled.
#include <string_view>

#include "base/error.h"
#include "vision/mllama_processor.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  vlrm::DecodeOptions options;
  options.max_pixels = 1 << 18;
  options.alpha = size % 2 == 0 ? vlrm::DecodeOptions::Alpha::on_white : vlrm::DecodeOptions::Alpha::drop;
  vlrm::MllamaProcessorConfig config;
  config.tile_size = 28;
  config.mean = config.std = {0.5, 0.5, 0.5};
  try {
    vlrm::MllamaProcessor(config).process(
        vlrm::decode_image({reinterpret_cast<const char*>(data), size}, "image", options));
  } catch (const vlrm::Error&) {
  }
  return 0;
}
