// From logits to the next token.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/backend.h"

namespace vlrm {

// One text's. What it draws depends on seed, step and logits alone.
class Sampler {
 public:
  Sampler(const SamplingOptions& options, uint64_t seed) : options_(options), seed_(seed) {}
  // `text`: all tokens before, the prompt's too. The order of what is applied is transformers': penalty, temperature,
  // top_k, top_p. Throws Error where no logit is a number.
  Drawn next(std::span<const float> logits, std::span<const int32_t> text);

  // The same where a TextWriter draws: what it draws by, and then what it drew. Throws Error as next().
  DrawInput input(std::span<const int32_t> text) const { return {uniform(), text}; }
  void take(const Drawn& drawn);

 private:
  int32_t draw(std::vector<float>& scores);
  double uniform() const;  // of this step

  SamplingOptions options_;
  uint64_t seed_;
  uint64_t step_ = 0;
};

}  // namespace vlrm
