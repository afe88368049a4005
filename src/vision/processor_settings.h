// The settings that a model directory keeps of its image processor.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/json.h"

namespace vlrm {

struct ProcessorSettings {
  Json json;
  std::string source;  // the file, for errors
};

// From processor_config.json's "image_processor", where later transformers keep it and look first, else from
// preprocessor_config.json. Throws Error where neither has them.
ProcessorSettings read_processor_settings(const std::filesystem::path& directory);

// What a family's image processor needs of its settings.
struct ProcessorSteps {
  std::string_view type;                     // transformers' class, without an ending
  std::string_view images;                   // whose they are, for errors: "Qwen's"
  std::initializer_list<const char*> steps;  // that must be done
  int64_t filter;                            // Pillow's number of the one to resize with, and its name
  std::string_view filter_name;
};
// Throws Error naming the field of `source` that says otherwise.
void check_processor_steps(const Json& settings, const std::string& source, const ProcessorSteps& needed);

// A whole number from 1 to `limit`. Throws Error for another one.
int64_t whole_within(const Json& object, const std::string& key, int64_t fallback, int64_t limit,
                     const std::string& source);

}  // namespace vlrm
