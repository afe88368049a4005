// Models that transformers 5 saved, written so that both it and transformers 4 load them.
#pragma once

#include <filesystem>

#include "base/json.h"

namespace vlrm {

// Gives `config`, and the objects in it, rope_theta and rope_scaling where they only have rope_parameters: transformers
// 4 would take its default rotary embedding without a word.
void add_rope_of_transformers_4(OrderedJson& config);

// In `output`: moves the settings of images from processor_config.json to preprocessor_config.json, and names the
// tokenizer's class and its list of special tokens as transformers 4 does. Throws Error naming a malformed file.
void fit_side_files_to_transformers_4(const std::filesystem::path& output);

}  // namespace vlrm
