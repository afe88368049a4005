// What the steps of a tokenizer may cost on one text: many steps, or steps that make it grow, multiply.
#pragma once

#include <cstddef>
#include <string>

#include "base/error.h"

namespace vlrm {

class TextEffort {
 public:
  static constexpr size_t kMostSteps = 64;  // of one part of a tokenizer.json; published ones have a handful

  // For a text of so many bytes; errors name `source`.
  TextEffort(size_t bytes, const std::string& source)
      : source_(source), left_(kLeastSteps + kStepsAByte * bytes), longest_(kLeastLength + kLargestGrowth * bytes) {}

  // A step goes over so many bytes, in so many pieces. Throws Error where all steps so far are too many.
  void spend(size_t bytes, size_t pieces = 1) {
    const size_t cost = bytes + kBytesAPiece * pieces;
    if (cost > left_) fail("{}: takes too many steps on a text; simplify its normalizer or pre-tokenizer", source_);
    left_ -= cost;
  }
  // Throws Error for a text that has grown out of all proportion. To be asked before it is made.
  void check_length(size_t bytes) const {
    if (bytes > longest_)
      fail("{}: a replacement makes a text longer than {} bytes, out of all proportion", source_, longest_);
  }

 private:
  static constexpr size_t kLeastSteps = 4096, kStepsAByte = 32, kBytesAPiece = 8;
  static constexpr size_t kLeastLength = 1024, kLargestGrowth = 16;
  const std::string& source_;
  size_t left_;
  const size_t longest_;
};

// Throws Error for a part of a tokenizer.json that has more steps than TextEffort::kMostSteps.
inline void check_step_count(size_t steps, const char* part, const std::string& source) {
  if (steps > TextEffort::kMostSteps)
    fail("{}: a {} of more than {} steps is not supported", source, part, TextEffort::kMostSteps);
}

}  // namespace vlrm
