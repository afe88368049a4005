#include "architecture/mllama/model/mllama_parts.h"

#include <algorithm>

#include "architecture/mllama/mllama.h"
#include "architecture/mllama/model/cross_attention_layer.h"
#include "architecture/mllama/model/vision_tower.h"
#include "model/self_attention_layer.h"

namespace vlrm {
namespace {

LayerPart add_layer(Parts& parts, const ModelConfig& config, int64_t index, const std::string& prefix) {
  if (!std::ranges::binary_search(config.text.cross_attention_layers, index))
    return add_self_attention_layer(parts, config, index, prefix);
  const auto read = [=, text = config.text](const WeightReader& reader) {
    return CrossAttentionLayer(reader, text, prefix);
  };
  return {parts.add<DecoderLayer, CrossAttentionLayer>(read), true};
}

std::unique_ptr<VisionEncoder> add_encoder(Parts& parts, const ModelConfig& config) {
  return std::make_unique<VisionTower>(parts, mllama_vision(config), config.text.hidden_size);
}

int64_t encoding_bytes(const ModelConfig& config) {
  const MllamaVision& vision = mllama_vision(config);
  const int64_t side = vision.image_size / vision.patch_size, patches = vision.max_tiles * (side * side + 8);
  return patches * (6 * vision.hidden_size + vision.output_size + 2 * config.text.hidden_size) * 4;
}

}  // namespace

const FamilyParts kMllamaParts = {
    .architecture = &kMllama,
    .add_layer = add_layer,
    .add_encoder = add_encoder,
    .encoding_bytes = encoding_bytes,
};

}  // namespace vlrm
