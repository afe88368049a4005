#include "architecture/work.h"

#include <gtest/gtest.h>

namespace vlrm::testing {
namespace {

TEST(WorkTest, OfAnEncodersLayer) {
  // Two tokens: four projections of 5 · 5, two of 5 · 7; two products with the three tokens that each sees.
  EXPECT_EQ(encoder_layer_operations(2, 3, 5, 7, 2), 2 * (2 * (4 * 25 + 2 * 35) + 2 * 2 * 3 * 5));
  EXPECT_EQ(encoder_layer_operations(2, 3, 5, 7, 3) - encoder_layer_operations(2, 3, 5, 7, 2), 2 * 2 * 35);
}

TextConfig decoder() {
  TextConfig text;
  text.hidden_size = 8;
  text.intermediate_size = 16;
  text.layers = 3;
  text.attention_heads = 4;
  text.key_value_heads = 2;
  text.head_size = 2;
  return text;
}

TEST(WorkTest, OfADecoder) {
  const double queries = 2 * 8 * 8, keys = 2 * 8 * 4, feed_forward = 3 * 8 * 16;
  EXPECT_EQ(decoder_operations(decoder(), 10, 5, 0), 10 * 3 * (2 * (queries + keys + feed_forward) + 4 * 8 * 5));
}

TEST(WorkTest, OfCrossAttention) {
  TextConfig text = decoder();
  text.cross_attention_layers = {1};
  const double queries = 2 * 8 * 8, keys = 2 * 8 * 4, feed_forward = 3 * 8 * 16;
  const double own = 2 * (2 * (queries + keys + feed_forward) + 4 * 8 * 5);
  EXPECT_EQ(decoder_operations(text, 10, 5, 0), 10 * own);  // without an image that layer does nothing
  EXPECT_EQ(decoder_operations(text, 10, 5, 7), 10 * (own + 2 * (queries + feed_forward) + 4 * 8 * 7));
  EXPECT_EQ(cross_attention_input_operations(text, 7), 2 * 7 * keys);
}

}  // namespace
}  // namespace vlrm::testing
