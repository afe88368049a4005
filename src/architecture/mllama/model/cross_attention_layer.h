// Mllama's gated cross-attention layer: text looks at images.
#pragma once

#include "model/decoder_layer.h"
#include "model/feed_forward.h"

namespace vlrm {

// The keys and values that an image has for one layer: [max tiles · patches, key/value heads, head size], the patches
// of the tiles that exist first.
struct ImageKeysValues {
  at::Tensor keys, values;
  int64_t existing = 0;  // rows of the tiles that exist

  KeysValues of_existing() const { return KeysValues::of(keys.narrow(0, 0, existing), values.narrow(0, 0, existing)); }
};

class CrossAttentionLayer final : public DecoderLayer {
 public:
  CrossAttentionLayer(const WeightReader& reader, const TextConfig& config, const std::string& prefix);

  // Groups without images are left as they are. The caches get the keys and values of the images that the end of each
  // prefix sees; texts of one image share them.
  void forward(const at::Tensor& hidden, const LayerInput& input, std::span<LayerCache* const> caches) const override;
  void step(const at::Tensor& hidden, const Rope::Angles& angles, std::span<const Growing> groups) const override;
  void step(const at::Tensor& hidden, const PagedStep& step) const override;

 private:
  class Images;
  ImageKeysValues keys_values(const ImageFeatures& image) const;
  void forward_cut(const at::Tensor& hidden, const Cut& cut, std::span<const PrefixGroup> groups,
                   const Images& images) const;
  void forward_runs(const at::Tensor& hidden, const LayerInput& input) const;
  at::Tensor keys_and_values(const std::vector<ImageFeatures>& images) const;
  void step_seeing(const at::Tensor& hidden, std::span<const Growing> groups) const;
  at::Tensor queries(const at::Tensor& hidden, const Rows& rows) const;  // [rows, heads, head size]

  TextConfig config_;
  at::Tensor norm_, queries_, keys_values_, output_, query_norm_, key_norm_;
  double attention_gate_, feed_forward_gate_;  // tanh of the weights
  FeedForward feed_forward_;
};

}  // namespace vlrm
