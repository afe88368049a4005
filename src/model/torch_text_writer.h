// TextWriter on libtorch.
#pragma once

#include "model/torch_backend.h"

namespace vlrm {

class TorchTextWriter final : public TextWriter {
 public:
  explicit TorchTextWriter(TorchBackend& backend) : backend_(backend) {}
  Logits begin(std::span<const SharedPrefixBatch> prompts, std::span<const int64_t> texts) override;
  Logits step(std::span<const Next> groups) override;
  // On a CPU tokens are drawn by who asks.
  std::vector<Drawn> begin_and_draw(std::span<const SharedPrefixBatch> prompts, std::span<const int64_t> texts,
                                    const SamplingOptions& sampling, std::span<const DrawInput> draws) override;
  std::vector<Drawn> step_and_draw(std::span<const Next> groups, const SamplingOptions& sampling,
                                   std::span<const DrawInput> draws) override;
  int64_t group_bytes(const SharedPrefixBatch& prompt, int64_t texts, int64_t tokens) const override;

 private:
  Logits logits(const at::Tensor& states) const;

  TorchBackend& backend_;
  std::vector<TextGroup> groups_;
};

}  // namespace vlrm
