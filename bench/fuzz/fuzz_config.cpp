// config.json and preprocessor_config.json of a model directory.
#include "architecture/config.h"
#include "base/error.h"
#include "temporary_file.h"
#include "vision/mllama_processor.h"
#include "vision/qwen2_vl_processor.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    write_fuzz_file("config.json", data, size);
    vlrm::ModelConfig::from_directory(fuzz_directory());
  } catch (const vlrm::Error&) {
  }
  try {
    write_fuzz_file("preprocessor_config.json", data, size);
    vlrm::MllamaProcessorConfig::from_directory(fuzz_directory());
  } catch (const vlrm::Error&) {
  }
  try {
    vlrm::Qwen2VlProcessorConfig::from_directory(fuzz_directory());
  } catch (const vlrm::Error&) {
  }
  return 0;
}
