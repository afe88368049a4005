// Where tokens stand, for their rotations.
#pragma once

#include <cstdint>

namespace vlrm {

// The three are equal for a token of text. An image's tokens have one time, and rows and columns that count from it.
struct Position {
  int64_t time = 0, row = 0, column = 0;

  static Position in_text(int64_t place) { return {place, place, place}; }
  bool operator==(const Position&) const = default;
};

}  // namespace vlrm
