// Mllama's vision tower and the projector behind it: from tiles to what cross-attention looks at.
#pragma once

#include <memory>
#include <span>

#include "architecture/mllama/mllama.h"
#include "architecture/mllama/model/vision_layer.h"
#include "model/row_table.h"
#include "model/vision_encoder.h"

namespace vlrm {

// What the tower makes of one image. Rows are patches, the class token first in each tile, tile by tile: those of all
// max tiles, since text before an image looks at missing tiles too.
struct VisionStates {
  at::Tensor last;                       // [max tiles · patches, hidden size]
  std::vector<at::Tensor> intermediate;  // the same, one for each of intermediate_layers
};

class VisionTower final : public VisionEncoder {
 public:
  // `output_size` is the width of the text. Throws Error where tensors are missing or do not fit.
  VisionTower(Parts& parts, const MllamaVision& config, int64_t output_size);

  std::vector<size_t> order() const override;
  // [max tiles · patches, output size] for each image.
  std::vector<at::Tensor> encode(std::span<const ProcessedImage* const> images) const override;
  int64_t rows(const ProcessedImage&) const override { return config_.max_tiles * patches_; }
  int64_t existing_rows(const ProcessedImage& image) const override;
  int64_t states_per_row() const override { return config_.output_size; }

  // Each part is used once for all images. Throws Error for an image made for another configuration.
  std::vector<VisionStates> states(std::span<const ProcessedImage* const> images) const;

 private:
  struct Embedding;
  struct Middle;
  struct Projector;
  struct InProgress;

  InProgress embedded(const ProcessedImage& image, const Embedding& embedding) const;
  at::Tensor patch_embeddings(const ProcessedImage& image, const Embedding& embedding) const;
  void run_local(std::span<InProgress> images) const;
  void run_global(std::span<InProgress> images) const;
  void check(const ProcessedImage& image) const;
  at::Tensor projected(const VisionStates& states, const Projector& projector) const;

  MllamaVision config_;
  Precision precision_;
  Parts& parts_;
  int64_t patches_, padded_patches_;
  RowTable tile_embedding_, before_embedding_, after_embedding_;
  Parts::Handle<Embedding> embedding_;
  std::vector<Parts::Handle<VisionLayer>> local_layers_, global_layers_;
  Parts::Handle<Middle> middle_;
  Parts::Handle<Projector> projector_;
};

}  // namespace vlrm
