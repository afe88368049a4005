// From images to what a family's vision encoder takes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "vision/image.h"

namespace vlrm {

// One image, ready for the vision encoder of the family whose processor made it; to everybody else, a parcel.
struct ProcessedImage {
  std::vector<float> pixels;
  std::vector<int64_t> grid;  // how the pixels are arranged, in the family's own terms
  int64_t tokens = 1;         // placeholder tokens that stand for it in a text
  int64_t columns = 0;        // of these, where their positions are those of a grid, row by row; 0: as any tokens have
  std::string digest = {};    // of what it was made of: equal for equal images; empty where nobody computed it
};

// A tensor as transformers' processor of the family names and shapes it, row-major.
struct ProcessedTensor {
  std::string name;
  std::vector<int64_t> shape;
  std::variant<std::vector<float>, std::vector<int64_t>> values;
};

// Of the area of a resized image, where it is to be another than the model's files say.
struct PixelLimits {
  std::optional<int64_t> least, most;
};

// Methods are thread-safe.
class ImageProcessor {
 public:
  virtual ~ImageProcessor() = default;
  // The same with other limits. Throws Error, naming them `min_pixels` and `max_pixels`, for values that are out of
  // range, and where the family resizes images by other rules than these.
  virtual std::unique_ptr<ImageProcessor> within(const PixelLimits& limits) const;
  // The one for the images of a sample with several, where a family processes these in another way; else null.
  virtual std::unique_ptr<ImageProcessor> among_several() const { return nullptr; }
  // Throws Error, without the image's name, for one that the family cannot take.
  virtual ProcessedImage process(const Image& image) const = 0;
  // What becomes of transparency where nobody asks otherwise.
  virtual DecodeOptions::Alpha alpha() const { return DecodeOptions::Alpha::on_white; }
  // The images of one sample, as transformers' processor returns them.
  virtual std::vector<ProcessedTensor> tensors(std::span<const ProcessedImage> images) const = 0;
};

}  // namespace vlrm
