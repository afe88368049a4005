// The backend of backend.h, on libtorch.
#pragma once

#include "model/decoder.h"
#include "model/feature_cache.h"
#include "model/needs.h"

namespace vlrm {

// What a TorchBackend would need; throws Error for a device that is not there.
BackendNeeds torch_backend_needs(const ModelConfig& config, const Checkpoint& checkpoint,
                                 const BackendOptions& options);

class TorchBackend final : public Backend {
 public:
  TorchBackend(const ModelConfig& config, const CheckpointPtr& checkpoint, const BackendOptions& options);

  std::vector<std::vector<float>> rewards(std::span<const SharedPrefixBatch> batches,
                                          const std::vector<std::vector<int64_t>>& positions) override;
  std::vector<std::vector<double>> log_likelihoods(std::span<const SharedPrefixBatch> batches,
                                                   const std::vector<std::vector<int64_t>>& positions) override;
  std::unique_ptr<TextWriter> write_texts() override;
  void load_language_head() override;
  void replace_language_weights(CheckpointPtr checkpoint) override;
  void keep_images(int64_t bytes) override;
  int64_t encoded_image_bytes(const ProcessedImage& image) const override;
  int64_t spare_memory() const override { return spare_memory_; }
  std::optional<int64_t> spare_host_memory() const override;
  Work work() const override { return work_; }
  bool streamed() const override { return parts_.streamed(); }

 private:
  friend class PagedTextWriter;
  friend class TorchTextWriter;
  // What one pass through the layers takes at once, at least one batch: on a CPU as many as memory allows, on a device
  // a fixed number of tokens, since there digits depend on what a pass holds.
  struct Pass {
    size_t first = 0, count = 0;
  };
  struct PassSize {
    int64_t bytes = 0, tokens = 0, image_rows = 0;
  };
  bool share_wrongly(std::span<const SharedPrefixBatch> batches) const;
  RaggedBatch laid_out(std::span<const SharedPrefixBatch> batches) const;
  std::vector<Pass> passes(std::span<const SharedPrefixBatch> batches) const;
  bool ends_pass(const SharedPrefixBatch& batch, PassSize& size) const;
  int64_t activation_bytes(const SharedPrefixBatch& batch) const;
  // The states after the last layer; `head` says whether the language model's head is used afterwards.
  at::Tensor run(const RaggedBatch& batch, bool head, const BesideRun& beside = {});
  // Of the batch's texts, at positions[result.size()] … of each.
  void add_rewards(std::vector<std::vector<float>>& result, const RaggedBatch& batch, const at::Tensor& states,
                   const std::vector<std::vector<int64_t>>& positions) const;
  // Those images of the batch that are kept; the others' features are undefined.
  std::vector<ImageFeatures> kept_features(const RaggedBatch& batch);
  // Encodes those that are undefined.
  void encode(const RaggedBatch& batch, std::vector<ImageFeatures>& features);

  const ModelConfig config_;
  const Dtype storage_;
  const Precision precision_;
  const int64_t memory_limit_;
  const bool together_;  // all texts of a pass in one product
  Parts parts_;
  std::unique_ptr<VisionEncoder> encoder_;  // null for a text model
  Decoder decoder_;
  FeatureCache kept_;
  int64_t spare_memory_ = 0, activation_limit_ = 0;  // bytes
  Work work_;
};

}  // namespace vlrm
