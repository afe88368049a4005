// A vision transformer over the tiles of images, for the vision encoders of families that have one.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "architecture/tile_family.h"
#include "model/parts.h"
#include "model/vit_layer.h"
#include "vision/image_processor.h"

namespace vlrm {

class VitTower {
 public:
  // Throws Error where tensors are missing or do not fit.
  VitTower(Parts& parts, const VitVision& config);

  // The parts that one states() uses, for Parts::expect.
  std::vector<size_t> order() const;
  // The states of the patches of each image, [tiles, side², width], in the order of its pixels [tiles, 3, tile size,
  // tile size]. Each part is used once for all images.
  std::vector<at::Tensor> states(std::span<const ProcessedImage* const> images) const;

  // Bytes of the widest activations of an image of `tiles` tiles.
  static int64_t bytes(const VitVision& config, int64_t tiles);

 private:
  struct Embedding;
  struct LastNorm;

  at::Tensor embedded(const ProcessedImage& image, const Embedding& embedding) const;

  VitVision config_;
  Precision precision_;
  Parts& parts_;
  Parts::Handle<Embedding> embedding_;
  std::vector<Parts::Handle<VitLayer>> layers_;
  std::optional<Parts::Handle<LastNorm>> last_norm_;
};

}  // namespace vlrm
