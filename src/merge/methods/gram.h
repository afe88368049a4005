// Dot products of a source's columns: what the spherical methods need to know of tensors, whatever their size. Their
// results lie in the span of the inputs, so that all but a weighted sum happens on a few numbers.
#pragma once

#include <vector>

#include "merge/methods/inputs.h"

namespace vlrm {

// Dot products of `columns` vectors with each other, for each of a number of groups of elements.
struct Grams {
  size_t columns = 0;
  std::vector<double> products = {};  // [groups, columns, columns]

  double at(int64_t group, size_t i, size_t j) const {
    return products[(static_cast<size_t>(group) * columns + i) * columns + j];
  }
};

// All use all threads, add in float64, and give the same bits whatever the threads.
Grams gram_of(const BlockSource& source);                        // one group: all elements
Grams row_grams(const BlockSource& source);                      // a group a row; the source's blocks must be rows
Grams column_grams(const BlockSource& source, int64_t columns);  // element e is of the group e % columns

}  // namespace vlrm
