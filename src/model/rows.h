// How the rows of a product with a weight matrix are put into calls.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"

namespace vlrm {

// Which rows of a product go through the matrix in one call. On a CPU the digits of a row depend on how many those are.
class Rows {
 public:
  struct Slice;

  // All of them.
  static Rows together() { return {Way::together, {}}; }
  // Each alone, which is also the fastest way to multiply few rows. On a CPU no digit of a row depends on the others,
  // nor on how many there are.
  static Rows apart() { return {Way::apart, {}}; }
  // Consecutive rows, as many as `lengths` says; together they are all of them. On a CPU no digit of a piece depends on
  // the others. Nothing is copied.
  static Rows pieces(std::span<const int64_t> lengths) { return {Way::pieces, lengths}; }

  bool are_apart() const { return way_ == Way::apart; }
  bool in_pieces() const { return way_ == Way::pieces; }
  // Calls use(first row, rows) for each call of a product of `rows` rows.
  template <class Use>
  void for_each_call(int64_t rows, const Use& use) const {
    if (way_ != Way::pieces) return use(0, rows);
    int64_t first = 0;
    for (const int64_t length : lengths_) {
      if (length > 0) use(first, length);
      first += length;
    }
    VLRM_ASSERT(first == rows);
  }
  // The rows cut so that no slice has more than `most`. Where a piece is cut depends on its length alone.
  std::vector<Slice> slices(int64_t rows, int64_t most) const;

 private:
  enum class Way { together, apart, pieces };
  Rows(Way way, std::span<const int64_t> lengths) : way_(way), lengths_(lengths) {}
  Way way_;
  std::span<const int64_t> lengths_;
};

struct Rows::Slice {
  int64_t first = 0, length = 0;
  std::vector<int64_t> pieces;  // lengths; of rows in pieces
  Rows rows(const Rows& whole) const { return whole.way_ == Way::pieces ? Rows::pieces(pieces) : whole; }
};

}  // namespace vlrm
