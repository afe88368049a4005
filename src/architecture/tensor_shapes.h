// Which tensors a model of a config has, and how large they are.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "architecture/config.h"

namespace vlrm {

using TensorShapes = std::map<std::string, std::vector<int64_t>>;  // by canonical name (see architecture.h)

// Tensors of one shape, gathered under a prefix.
class ShapeList {
 public:
  using Shape = std::vector<int64_t>;
  using Modules = std::initializer_list<std::string_view>;

  void add(const std::string& prefix, Modules names, const Shape& shape);
  void add_weights(const std::string& prefix, Modules modules, const Shape& shape);
  // With a bias of as many values as the weight has rows.
  void add_biased(const std::string& prefix, Modules modules, const Shape& shape);

  // q, k, v and o projections, with the biases and norms that the family has.
  void add_attention(const std::string& prefix, const TextConfig& text);
  // The norms of a decoder layer, and its gated feed-forward part.
  void add_feed_forward(const std::string& prefix, const TextConfig& text);
  // Embeddings of `rows` rows, the layers that are not cross-attention layers, and the final norm; `prefix` ends in
  // "model.".
  void add_decoder(const std::string& prefix, const TextConfig& text, int64_t rows);

  TensorShapes take() && { return std::move(shapes_); }

 private:
  TensorShapes shapes_;
};

}  // namespace vlrm
