// How many floating-point operations a model's products take, for estimates: one of [m, k] and [k, n] counts 2·m·k·n,
// and what is not a product counts nothing.
#pragma once

#include <cstdint>

#include "architecture/config.h"

namespace vlrm {

// What an image costs: the operations of its encoder, and the rows of its features that cross-attention layers look at.
struct ImageWork {
  double operations = 0;
  int64_t rows = 0;  // 0 where images reach the text as tokens
};

// A layer of a transformer that encodes images: `tokens` of `width` numbers, each of which sees `seen` of them, and a
// feed-forward part of `projections` matrices.
double encoder_layer_operations(int64_t tokens, int64_t seen, int64_t width, int64_t intermediate, int64_t projections);

// The decoder, for `tokens` tokens that see `seen` tokens on average, and in its cross-attention layers `rows` rows of
// images. The operations of those rows' keys and values are the images'.
double decoder_operations(const TextConfig& text, int64_t tokens, double seen, int64_t rows);
// The keys and values that the cross-attention layers make of so many rows.
double cross_attention_input_operations(const TextConfig& text, int64_t rows);

}  // namespace vlrm
