// From logits to the next token.
#pragma once

#include <vlrm/sampling.h>

#include <cstdint>
#include <span>
#include <vector>

namespace vlrm {

struct Drawn {
  int32_t token = 0;
  float log_probability = 0;  // of the model's own distribution, before temperature, top_k and top_p
};

// One text's. What it draws depends on seed, step and logits alone.
class Sampler {
 public:
  Sampler(const SamplingOptions& options, uint64_t seed) : options_(options), seed_(seed) {}
  // `text`: all tokens before, the prompt's too. The order of what is applied is transformers': penalty, temperature,
  // top_k, top_p. Throws Error where no logit is a number.
  Drawn next(std::span<const float> logits, std::span<const int32_t> text);

 private:
  int32_t draw(std::vector<float>& scores);

  SamplingOptions options_;
  uint64_t seed_;
  uint64_t step_ = 0;
};

}  // namespace vlrm
