#include "architecture/qwen3_vl/model/qwen3_vl_parts.h"

#include "architecture/qwen3_vl/model/deep_stack_layer.h"
#include "architecture/qwen3_vl/qwen3_vl.h"
#include "model/patch_encoder.h"

namespace vlrm {
namespace {

LayerPart add_qwen3_vl_layer(Parts& parts, const ModelConfig& config, int64_t index, const std::string& prefix) {
  if (index >= std::ssize(patch_vision(config).deep_stack_layers))
    return add_self_attention_layer(parts, config, index, prefix);
  return {parts.add<DecoderLayer, DeepStackLayer>(
      [=, text = config.text](const WeightReader& reader) { return DeepStackLayer(reader, text, index, prefix); })};
}

}  // namespace

const FamilyParts kQwen3VlParts = patch_family_parts(kQwen3Vl, add_qwen3_vl_layer);

}  // namespace vlrm
