// Encodes the tiles of an image as the features that replace its tokens in the text of an InternVL.
#pragma once

#include <span>
#include <vector>

#include "architecture/internvl/internvl.h"
#include "model/tile_encoder.h"

namespace vlrm {

class InternVlEncoder final : public TileEncoder {
 public:
  // `output_size` is the width of the text. Throws Error where tensors are missing or do not fit.
  InternVlEncoder(Parts& parts, const InternVlVision& config, int64_t output_size);

  std::vector<at::Tensor> encode(std::span<const ProcessedImage* const> images) const override;
  int64_t states_per_row() const override;

 private:
  struct Projector;
  size_t projector() const override { return projector_.index; }
  void check(const ProcessedImage& image) const;

  InternVlVision config_;
  int64_t output_size_;
  Parts::Handle<Projector> projector_;
};

}  // namespace vlrm
