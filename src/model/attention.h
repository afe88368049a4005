// Scaled dot-product attention over flat rows, with grouped key/value heads and without masks of the batch's size.
#pragma once

#include "model/aten.h"

namespace vlrm {

// queries [rows, heads, head size]; keys and values [n, key/value heads, head size], where heads is a multiple of
// key/value heads; out [rows, heads · head size] is written. All may be strided views, but for the last dimension.
struct AttentionInput {
  at::Tensor queries, keys, values;
};

// Every query sees every key.
void attend_all(const at::Tensor& out, const AttentionInput& input);

// The rows are the last ones of the n positions: row i sees keys 0 … n − rows + i.
void attend_causally(const at::Tensor& out, const AttentionInput& input);

}  // namespace vlrm
