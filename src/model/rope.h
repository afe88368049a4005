// Rotary position embeddings (Su et al. 2021), and how they are stretched for long texts: by a factor (linear), by the
// text's length (dynamic), by wavelength (YaRN, Peng et al. 2023, and Llama 3.1's way). Frequencies may turn by the
// place of an image's tokens in its grid.
#pragma once

#include <vector>

#include "architecture/config.h"
#include "model/position.h"
#include "model/precision.h"

namespace vlrm {

class Rope {
 public:
  Rope(const TextConfig& config, const Precision& precision);

  // The angles of some positions, ready for rotate().
  struct Angles {
    at::Tensor cosine, sine;  // [positions, 1, head size] in the compute type
    Angles rows(int64_t first, int64_t count) const {
      return {cosine.narrow(0, first, count), sine.narrow(0, first, count)};
    }
  };
  // lengths[i] is the tokens of the text that token i stands in, as many as are known of.
  Angles angles(const std::vector<Position>& positions, const std::vector<int64_t>& lengths) const;

  // Turns x [positions, heads, head size] in place.
  static void rotate(const at::Tensor& x, const Angles& angles);

 private:
  at::Tensor frequencies(int64_t length) const;

  double theta_;
  RopeScaling scaling_;
  Precision precision_;
  std::vector<int64_t Position::*> axes_;  // what each frequency turns by
  at::Tensor exponents_, frequencies_;     // [head size / 2], float32
};

}  // namespace vlrm
