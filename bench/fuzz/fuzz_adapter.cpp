// adapter_config.json, then, after a zero byte each, the config.json of a model of zeros and adapter_model.safetensors.
#include <algorithm>

#include "architecture/read_model.h"
#include "base/error.h"
#include "temporary_file.h"
#include "weights/save.h"
#include "zeros.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const bool saved = vlrm::save_checkpoint(Zeros(), fuzz_directory(), {}, nullptr).empty();
  const uint8_t *end = data + size, *config = std::find(data, end, uint8_t{0});
  const uint8_t* weights = std::find(std::min(config + 1, end), end, uint8_t{0});
  if (!saved || weights == end) return 0;
  write_fuzz_file("adapter_config.json", data, static_cast<size_t>(config - data));
  write_fuzz_file("config.json", config + 1, static_cast<size_t>(weights - config - 1));
  write_fuzz_file("adapter_model.safetensors", weights + 1, static_cast<size_t>(end - weights - 1));
  try {
    const auto model = vlrm::read_model({fuzz_directory(), fuzz_directory()}, "vlm", {});
    for (const auto& tensor : model.weights->tensors())
      if (vlrm::is_float(tensor.dtype)) vlrm::read_all_float32(*model.weights, tensor.name);
  } catch (const vlrm::Error&) {
  }
  return 0;
}
