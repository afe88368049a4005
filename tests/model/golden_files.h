// Reading the reference's outputs.
#pragma once

#include <string>
#include <vector>

#include "support/support.h"
#include "vision/image_processor.h"
#include "weights/checkpoint.h"

namespace vlrm::testing {

// A safetensors file of reference outputs, by tensor.
class GoldenTensors {
 public:
  explicit GoldenTensors(const std::string& file);  // in goldens()/reference
  std::vector<float> floats(const std::string& name) const;
  std::vector<int32_t> ids(const std::string& name) const;  // from int64
  std::vector<int64_t> shape(const std::string& name) const;

 private:
  CheckpointPtr file_;
};

// The image `name` of the goldens as the reference preprocessed it.
std::shared_ptr<const ProcessedImage> golden_image(const std::string& name);

// max |a − b| / max |b|: the error relative to the scale of what is expected.
double relative_error(const std::vector<float>& actual, const std::vector<float>& expected);

}  // namespace vlrm::testing
