#include "architecture/llava/model/llava_parts.h"

#include "architecture/llava/model/llava_encoder.h"
#include "model/self_attention_layer.h"

namespace vlrm {
namespace {

constexpr int64_t kTilesOfLargeLlavaImage = 10;  // as published models cut it

std::unique_ptr<VisionEncoder> add_llava_encoder(Parts& parts, const ModelConfig& config) {
  return std::make_unique<LlavaEncoder>(parts, llava_vision(config), config.text.hidden_size);
}

int64_t llava_encoding_bytes(const ModelConfig& config) {
  return VitTower::bytes(llava_vision(config), kTilesOfLargeLlavaImage);
}

constexpr FamilyParts llava_parts(const Architecture& architecture) {
  return {.architecture = &architecture,
          .add_layer = add_self_attention_layer,
          .add_encoder = add_llava_encoder,
          .encoding_bytes = llava_encoding_bytes};
}

}  // namespace

const FamilyParts kLlavaNextParts = llava_parts(kLlavaNext);
const FamilyParts kLlavaOneVisionParts = llava_parts(kLlavaOneVision);

}  // namespace vlrm
