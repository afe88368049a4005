#include "vision/image_processor.h"

#include "base/error.h"

namespace vlrm {

std::unique_ptr<ImageProcessor> ImageProcessor::within(const PixelLimits& limits) const {
  fail("`{}`: the model resizes images to a size of its own, whatever their area",
       limits.most ? "max_pixels" : "min_pixels");
}

}  // namespace vlrm
