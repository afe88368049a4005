// The settings that a model directory keeps of its image processor.
#pragma once

#include <filesystem>
#include <string>

#include "base/json.h"

namespace vlrm {

struct ProcessorSettings {
  Json json;
  std::string source;  // the file, for errors
};

// From processor_config.json's "image_processor", where later transformers keep it and look first, else from
// preprocessor_config.json. Throws Error where neither has them.
ProcessorSettings read_processor_settings(const std::filesystem::path& directory);

}  // namespace vlrm
