#include "architecture/internvl/model/internvl_parts.h"

#include "architecture/internvl/model/internvl_encoder.h"
#include "model/self_attention_layer.h"

namespace vlrm {
namespace {

constexpr int64_t kTilesOfLargeImage = 13;  // as published models cut it

std::unique_ptr<VisionEncoder> add_internvl_encoder(Parts& parts, const ModelConfig& config) {
  return std::make_unique<InternVlEncoder>(parts, internvl_vision(config), config.text.hidden_size);
}

int64_t internvl_encoding_bytes(const ModelConfig& config) {
  return VitTower::bytes(internvl_vision(config), kTilesOfLargeImage);
}

}  // namespace

const FamilyParts kInternVlParts = {
    .architecture = &kInternVl,
    .add_layer = add_self_attention_layer,
    .add_encoder = add_internvl_encoder,
    .encoding_bytes = internvl_encoding_bytes,
};

}  // namespace vlrm
