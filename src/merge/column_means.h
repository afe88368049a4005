// The mean row of an embedding matrix: what rows that belong to no token are filled with.
#pragma once

#include <vector>

#include "weights/checkpoint.h"

namespace vlrm {

// The mean of the first `rows` rows of `matrix` [at least rows, columns], as float32. Sums are cascaded over blocks in
// the order in which PyTorch's CPU kernel adds, so that the result has the same bits as torch.mean(matrix, dim=0).
// Reads with all threads; rows must be above 0.
std::vector<float> column_means(const TensorReader& matrix, int64_t rows);

}  // namespace vlrm
