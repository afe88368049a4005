#include "model/family_parts.h"

#include <algorithm>
#include <array>

#include "architecture/internvl/model/internvl_parts.h"
#include "architecture/llama/model/llama_parts.h"
#include "architecture/llava/model/llava_parts.h"
#include "architecture/mistral/model/mistral_parts.h"
#include "architecture/mllama/model/mllama_parts.h"
#include "architecture/qwen2/model/qwen2_parts.h"
#include "architecture/qwen2_5_vl/model/qwen2_5_vl_parts.h"
#include "architecture/qwen2_vl/model/qwen2_vl_parts.h"
#include "architecture/qwen3/model/qwen3_parts.h"
#include "architecture/qwen3_vl/model/qwen3_vl_parts.h"
#include "base/error.h"

namespace vlrm {
namespace {

// One line per family.
constexpr std::array kFamilyParts = {
    &kLlamaParts, &kMistralParts, &kMllamaParts,   &kQwen2Parts,     &kQwen2VlParts,        &kQwen2_5VlParts,
    &kQwen3Parts, &kQwen3VlParts, &kInternVlParts, &kLlavaNextParts, &kLlavaOneVisionParts,
};

}  // namespace

const FamilyParts& family_parts(const ModelConfig& config) {
  // By its name: the program and this library each have an Architecture of their own.
  const auto found = std::ranges::find_if(
      kFamilyParts, [&](const FamilyParts* parts) { return parts->architecture->type == config.architecture->type; });
  VLRM_ASSERT(found != kFamilyParts.end());
  return **found;
}

}  // namespace vlrm
