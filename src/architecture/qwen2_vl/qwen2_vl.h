// Qwen2-VL (Wang et al. 2024): a Qwen2 whose text holds what a vision encoder makes of images in the place of
// placeholder tokens, and whose rotations know rows and columns of images.
#pragma once

#include "architecture/patch_family.h"

namespace vlrm {

extern const Architecture kQwen2Vl;

// What Qwen2.5-VL has of it: the text part of config.json, which stands in the file itself or, as later transformers
// write it, in "text_config"; the image token; and the names of all layouts.
void read_qwen2_vl_text(const ConfigFields& fields, ModelConfig& config);
std::optional<std::string> canonical_qwen2_vl_name(const std::string& name);
TensorShapes qwen2_vl_shapes(const ModelConfig& config);

inline constexpr std::string_view kQwen2VlText = "model.", kQwen2VlVision = "visual.";

}  // namespace vlrm
