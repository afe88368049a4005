#include "architecture/work.h"

namespace vlrm {

double encoder_layer_operations(int64_t tokens, int64_t seen, int64_t width, int64_t intermediate,
                                int64_t projections) {
  const double products =
      4.0 * static_cast<double>(width * width) + static_cast<double>(projections * width * intermediate);
  return static_cast<double>(tokens) * (2 * products + 4.0 * static_cast<double>(seen * width));
}

double decoder_operations(const TextConfig& text, int64_t tokens, double seen, int64_t rows) {
  const auto queries = static_cast<double>(text.attention_heads * text.head_size);
  const auto keys = static_cast<double>(text.key_value_heads * text.head_size);
  const auto width = static_cast<double>(text.hidden_size);
  const double feed_forward = 3 * width * static_cast<double>(text.intermediate_size);
  const double own = 2 * (2 * width * queries + 2 * width * keys + feed_forward) + 4 * queries * seen;
  const double crossing = 2 * (2 * width * queries + feed_forward) + 4 * queries * static_cast<double>(rows);
  const auto crossing_layers = static_cast<double>(text.cross_attention_layers.size());
  // Without an image, cross-attention layers do nothing.
  return static_cast<double>(tokens) *
         ((static_cast<double>(text.layers) - crossing_layers) * own + (rows > 0 ? crossing_layers * crossing : 0));
}

double cross_attention_input_operations(const TextConfig& text, int64_t rows) {
  return static_cast<double>(text.cross_attention_layers.size()) * 2 *
         static_cast<double>(rows * text.hidden_size * 2 * text.key_value_heads * text.head_size);
}

}  // namespace vlrm
