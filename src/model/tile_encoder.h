// What the vision encoders of families have in common whose images become tiles.
#pragma once

#include <vector>

#include "model/vision_encoder.h"
#include "model/vit_tower.h"

namespace vlrm {

// The two layers with a GELU between them that turn states into features of the text's width.
struct TileProjection {
  at::Tensor inner, inner_bias, output, output_bias;

  TileProjection(const WeightReader& reader, int64_t input_size, int64_t output_size);
  // [rows, input size] → [rows, output size].
  at::Tensor operator()(const at::Tensor& states) const;
};

// Encoders whose features are as many as an image has tokens: the tower, and then a projector of the family's own.
class TileEncoder : public VisionEncoder {
 public:
  std::vector<size_t> order() const final;
  int64_t rows(const ProcessedImage& image) const final { return image.tokens; }
  int64_t existing_rows(const ProcessedImage& image) const final { return image.tokens; }

 protected:
  TileEncoder(Parts& parts, const VitVision& config) : parts_(parts), tower_(parts, config) {}
  // The index of the projector among the parts.
  virtual size_t projector() const = 0;

  Parts& parts_;
  VitTower tower_;
};

}  // namespace vlrm
