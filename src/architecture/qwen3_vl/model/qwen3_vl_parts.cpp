#include "architecture/qwen3_vl/model/qwen3_vl_parts.h"

#include "architecture/qwen3_vl/model/deep_stack_layer.h"
#include "architecture/qwen3_vl/model/patch_encoder.h"

namespace vlrm {
namespace {

constexpr int64_t kTokensOfLargeImage = 4096;  // of four million pixels

LayerPart add_qwen3_vl_layer(Parts& parts, const ModelConfig& config, int64_t index, const std::string& prefix) {
  if (index >= std::ssize(qwen3_vl_vision(config).deep_stack_layers))
    return add_self_attention_layer(parts, config, index, prefix);
  return {parts.add<DecoderLayer, DeepStackLayer>(
      [=, text = config.text](const WeightReader& reader) { return DeepStackLayer(reader, text, index, prefix); })};
}

std::unique_ptr<VisionEncoder> add_patch_encoder(Parts& parts, const ModelConfig& config) {
  return std::make_unique<PatchEncoder>(parts, qwen3_vl_vision(config), config.text.hidden_size);
}

int64_t patch_encoding_bytes(const ModelConfig& config) {
  const Qwen3VlVision& vision = qwen3_vl_vision(config);
  const auto levels = 1 + std::ssize(vision.deep_stack_layers);
  return kTokensOfLargeImage * (7 * vision.merged_size() + levels * config.text.hidden_size) * 4;
}

}  // namespace

const FamilyParts kQwen3VlParts = {
    .architecture = &kQwen3Vl,
    .add_layer = add_qwen3_vl_layer,
    .add_encoder = add_patch_encoder,
    .encoding_bytes = patch_encoding_bytes,
};

}  // namespace vlrm
