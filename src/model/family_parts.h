// How a family computes: what architecture.h leaves to libtorch. The table is in architecture/family_parts.cpp.
#pragma once

#include <memory>
#include <string>

#include "architecture/architecture.h"
#include "model/decoder_layer.h"
#include "model/vision_encoder.h"

namespace vlrm {

struct LayerPart {
  Parts::Handle<DecoderLayer> handle;
  bool needs_images = false;  // does nothing without them, and is no part of the language model that a sweep replaces
};

struct FamilyParts {
  const Architecture* architecture;
  // Layer `index` of the decoder, whose tensors' names begin with `prefix`.
  LayerPart (*add_layer)(Parts& parts, const ModelConfig& config, int64_t index, const std::string& prefix);
  // Null for a text model.
  std::unique_ptr<VisionEncoder> (*add_encoder)(Parts& parts, const ModelConfig& config) = nullptr;
  // Bytes of the widest activations while one image is encoded.
  int64_t (*encoding_bytes)(const ModelConfig& config) = nullptr;
};

const FamilyParts& family_parts(const ModelConfig& config);

}  // namespace vlrm
