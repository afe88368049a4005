// A layer of a vision transformer (Dosovitskiy et al. 2021) in which the patches of a tile see each other.
#pragma once

#include <string>

#include "architecture/tile_family.h"
#include "model/vision_parts.h"

namespace vlrm {

class VitLayer {
 public:
  VitLayer(const WeightReader& reader, const VitVision& config, const std::string& prefix);
  // Adds to hidden [tiles, positions, width] in place, tile by tile.
  void forward(const at::Tensor& hidden) const;

 private:
  void add_attention(const at::Tensor& tile) const;
  void add_feed_forward(const at::Tensor& tile) const;
  void add_output(const at::Tensor& tile, const at::Tensor& input, int part) const;

  int64_t heads_;
  Activation activation_;
  VisionNorm norms_[2];
  at::Tensor queries_keys_values_, queries_keys_values_bias_;
  at::Tensor query_norm_, key_norm_;  // not defined where the family has none
  at::Tensor up_, up_bias_;
  at::Tensor outputs_[2], output_biases_[2], scales_[2];  // of attention and of the feed-forward part
};

}  // namespace vlrm
