// How tokens are drawn.
#pragma once

#include <cstdint>

namespace vlrm {

struct SamplingOptions {
  double temperature = 0;         // 0: the most likely token, the first of equals; nothing is drawn
  int64_t top_k = 0;              // sample from the K most likely tokens; 0: all
  double top_p = 1;               // only the most likely that make up this much probability (arXiv 1904.09751)
  double repetition_penalty = 1;  // logits of tokens that the text holds are divided by it, negative ones multiplied

  // Throws Error for values that make no sense.
  void check() const;
  bool operator==(const SamplingOptions&) const = default;
};

}  // namespace vlrm
