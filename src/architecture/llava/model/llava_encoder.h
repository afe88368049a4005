// From the tiles of images to the features that stand for them in the text of a LLaVA.
#pragma once

#include <span>
#include <vector>

#include "architecture/llava/llava.h"
#include "model/vision_encoder.h"
#include "model/vit_tower.h"
#include "vision/llava_processor.h"

namespace vlrm {

class LlavaEncoder final : public VisionEncoder {
 public:
  // `output_size` is the width of the text. Throws Error where tensors are missing or do not fit.
  LlavaEncoder(Parts& parts, const LlavaVision& config, int64_t output_size);

  std::vector<size_t> order() const override;
  std::vector<at::Tensor> encode(std::span<const ProcessedImage* const> images) const override;
  int64_t rows(const ProcessedImage& image) const override { return image.tokens; }
  int64_t existing_rows(const ProcessedImage& image) const override { return image.tokens; }
  int64_t states_per_row() const override;

 private:
  struct Projector;
  void check(const ProcessedImage& image) const;

  LlavaVision config_;
  int64_t output_size_;
  Parts& parts_;
  VitTower tower_;
  Parts::Handle<Projector> projector_;
};

}  // namespace vlrm
