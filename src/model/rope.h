// Rotary position embeddings (Su et al. 2021) with the frequency scaling of Llama 3.1.
#pragma once

#include <vector>

#include "architecture/config.h"
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
  Angles angles(const std::vector<int64_t>& positions) const;

  // Turns x [positions, heads, head size] in place.
  static void rotate(const at::Tensor& x, const Angles& angles);

 private:
  Precision precision_;
  at::Tensor frequencies_;  // [head size / 2], float32
};

}  // namespace vlrm
