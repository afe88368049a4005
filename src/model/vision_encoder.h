// From images to the features that a decoder uses, as each family does it.
#pragma once

#include <span>
#include <vector>

#include "model/parts.h"
#include "vision/image_processor.h"

namespace vlrm {

class VisionEncoder {
 public:
  virtual ~VisionEncoder() = default;

  // The parts that one encode() uses, for Parts::expect.
  virtual std::vector<size_t> order() const = 0;
  // Features [rows, hidden size of the text] of each image. Each part is used once for all images. Throws Error for an
  // image that was processed for another configuration.
  virtual std::vector<at::Tensor> encode(std::span<const ProcessedImage* const> images) const = 0;

  // What is known of an image before it is encoded: the rows of its features, and how many of these, which come first,
  // stand for something that is in the image and not for padding.
  virtual int64_t rows(const ProcessedImage& image) const = 0;
  virtual int64_t existing_rows(const ProcessedImage& image) const = 0;
  // Numbers per row that stay in memory until the image is encoded, where all images go through a layer together.
  virtual int64_t states_per_row() const = 0;
};

}  // namespace vlrm
