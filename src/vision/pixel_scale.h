// What bytes of colours become before a vision encoder sees them, as transformers' image processors have it.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/json.h"

namespace vlrm {

struct PixelScale {
  double rescale_factor = 1.0 / 255;
  bool do_rescale = true, do_normalize = true;
  std::vector<double> mean, std;  // 3 each, where do_normalize is set

  // With the means and deviations that CLIP was trained with, which several of transformers' classes default to.
  static PixelScale clip();
  // As a processor's settings have it; what they leave out is as here. Throws Error naming the field of `source` that
  // is malformed, or missing where there are no means or deviations here.
  PixelScale changed_by(const Json& settings, const std::string& source) const;

  // Of each byte of each colour, with the roundings of the reference: rescaled in float64, rounded to float32,
  // normalised in float32.
  using Table = std::array<std::array<float, 256>, 3>;
  Table table() const;
};

}  // namespace vlrm
