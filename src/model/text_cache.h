// What attention needs of the tokens before, for texts that are being written.
#pragma once

#include <memory>
#include <vector>

#include "model/aten.h"

namespace vlrm {

// Keys [key/value heads, n, head size] and values [key/value heads, head size, n], so that both of attention's products
// go along rows. There may be room for more than `count`.
struct KeysValues {
  at::Tensor keys, values;
  int64_t count = 0;

  // From [n, key/value heads, head size] each, as projections give them.
  static KeysValues of(const at::Tensor& keys, const at::Tensor& values);
};

// What one layer has for the texts of a group: what they share (a self-attention layer: the prompt; a cross-attention
// layer: the images that they see), and what each has written since.
struct LayerCache {
  std::vector<std::shared_ptr<const KeysValues>> shared;
  KeysValues own;  // [texts, key/value heads, …]; undefined where nothing is written

  // One more token of each text: keys and values [texts, key/value heads, head size].
  void append(const at::Tensor& keys, const at::Tensor& values);
  void keep(const at::Tensor& texts);  // indices, on the device; there is something written
};

// A prompt and the texts that go on from it, all equally far.
struct TextGroup {
  int64_t texts = 0, length = 0;  // tokens of each text so far, the prompt included
  int64_t position = 0;           // of its next token
  std::vector<LayerCache> layers;
  bool sees_images = false;

  // Goes on with some of the texts, in this order.
  void keep(const std::vector<int64_t>& indices);
};

}  // namespace vlrm
