// A transformer layer of Mllama's vision tower.
#pragma once

#include "architecture/mllama/mllama.h"
#include "model/runs.h"
#include "model/weight_reader.h"

namespace vlrm {

class VisionLayer {
 public:
  // `prefix` names the layer: "vision_model.transformer.layers.0.". Gated ones are those of the global transformer.
  VisionLayer(const WeightReader& reader, const MllamaVision& config, const std::string& prefix, bool gated);

  // hidden [patches, hidden size] is replaced by the layer's output. The first `real` rows see all rows; the others are
  // padding, and see the real ones only. `runs` says the same, where one call is to attend for all of them.
  void forward(const at::Tensor& hidden, int64_t real, const Runs* runs = nullptr) const;

 private:
  void add_attention(const at::Tensor& hidden, int64_t real, const Runs* runs) const;
  void add_feed_forward(const at::Tensor& hidden) const;

  int64_t heads_;
  double epsilon_;
  at::Tensor attention_norm_, attention_norm_bias_, queries_keys_values_, output_;
  at::Tensor feed_forward_norm_, feed_forward_norm_bias_, up_, up_bias_, down_, down_bias_;
  double attention_gate_ = 1, feed_forward_gate_ = 1;
};

}  // namespace vlrm
