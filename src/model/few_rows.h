// Products of a few rows with a weight matrix, as decoding needs them: a token of each text, and all of the weights.
#pragma once

#include <cstdint>

#include "weights/dtype.h"

namespace vlrm {

// out[row, output] = Σ x[row, input] · weight[output, input], for `outputs` rows of the weight from its first on.
struct FewRows {
  const float* x = nullptr;  // [rows, inputs]
  int64_t x_stride = 0;      // elements from row to row
  int64_t rows = 0, inputs = 0;
  const void* weight = nullptr;  // [outputs, inputs]
  int64_t weight_stride = 0;
  Dtype dtype = Dtype::f32;  // of the weight: f32, bf16 or f16
  float* out = nullptr;      // [rows, outputs]
  int64_t out_stride = 0;
};

// Outputs [first, end), on this thread. Every weight is read once for all rows, and converted in registers. The sums of
// a row are taken in one order, whatever the other rows and how many there are: what a text gets does not depend on
// those that are written beside it. Between processors that order differs.
void multiply_few_rows(const FewRows& product, int64_t first, int64_t end);

}  // namespace vlrm
