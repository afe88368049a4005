// A layer of the vision encoders of Qwen2-VL and its successors, and what makes tokens of patches.
#pragma once

#include <span>
#include <string>

#include "architecture/patch_family.h"
#include "model/rope.h"
#include "model/vision_parts.h"

namespace vlrm {

// A pre-norm transformer layer in which the patches of a window see each other.
class PatchBlock {
 public:
  PatchBlock(const WeightReader& reader, const PatchVision& config, const std::string& prefix);
  // Adds to hidden [patches, width] in place. The angles are in float32; `windows` says how many patches each has, one
  // behind the other.
  void forward(const at::Tensor& hidden, const Rope::Angles& angles, std::span<const int64_t> windows) const;

 private:
  void add_attention(const at::Tensor& hidden, const Rope::Angles& angles, std::span<const int64_t> windows) const;
  void add_feed_forward(const at::Tensor& hidden) const;

  int64_t heads_;
  Activation activation_;
  VisionNorm attention_norm_, feed_forward_norm_;
  at::Tensor queries_keys_values_, queries_keys_values_bias_, output_, output_bias_;
  at::Tensor gate_, gate_bias_, up_, up_bias_, down_, down_bias_;  // no gate: not defined
};

// From the patches of a block, which stand next to each other, to the features of one token. The norm is of each patch,
// or of the patches of a block together.
class PatchMerger {
 public:
  enum class Norm { of_patch, of_block };
  PatchMerger(const WeightReader& reader, const PatchVision& config, const std::string& prefix, Norm norm,
              int64_t output_size);
  // [patches, width] → [tokens, output size].
  at::Tensor operator()(const at::Tensor& hidden) const;

 private:
  int64_t width_;
  bool of_block_;
  VisionNorm norm_;
  at::Tensor inner_, inner_bias_, output_, output_bias_;
};

}  // namespace vlrm
