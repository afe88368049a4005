// The vision encoder of Qwen2-VL and its successors: from patches of an image of any size to the features of its
// tokens.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "model/family_parts.h"
#include "model/patch_block.h"
#include "model/vision_encoder.h"

namespace vlrm {

// The features of an image are those that stand for its tokens in the text, [tokens, output size], and below them, as
// many each, those that layers of the decoder add (Qwen3-VL's DeepStack).
class PatchEncoder final : public VisionEncoder {
 public:
  // `output_size` is the width of the text. Throws Error where tensors are missing or do not fit.
  PatchEncoder(Parts& parts, const PatchVision& config, int64_t output_size);

  std::vector<size_t> order() const override;
  std::vector<at::Tensor> encode(std::span<const ProcessedImage* const> images) const override;
  int64_t rows(const ProcessedImage& image) const override { return levels() * image.tokens; }
  int64_t existing_rows(const ProcessedImage& image) const override { return rows(image); }
  int64_t states_per_row() const override { return output_size_ + config_.merged_size() / levels() + 1; }

 private:
  struct Embedding;
  struct InProgress;

  int64_t levels() const { return 1 + std::ssize(config_.deep_stack_layers); }
  // Which of the mergers takes the output of a layer, if any does.
  std::optional<size_t> merger_behind(int64_t layer) const;
  InProgress embedded(const ProcessedImage& image, const Embedding& embedding) const;
  void check(const ProcessedImage& image) const;

  PatchVision config_;
  int64_t output_size_;
  Precision precision_;
  Parts& parts_;
  Parts::Handle<Embedding> embedding_;
  std::vector<Parts::Handle<PatchBlock>> blocks_;
  std::vector<Parts::Handle<PatchMerger>> deep_stack_mergers_;
  Parts::Handle<PatchMerger> merger_;
};

// For the families' tables.
std::unique_ptr<VisionEncoder> add_patch_encoder(Parts& parts, const ModelConfig& config);
int64_t patch_encoding_bytes(const ModelConfig& config);
constexpr FamilyParts patch_family_parts(const Architecture& architecture, decltype(FamilyParts::add_layer) add_layer) {
  return {.architecture = &architecture,
          .add_layer = add_layer,
          .add_encoder = add_patch_encoder,
          .encoding_bytes = patch_encoding_bytes};
}

}  // namespace vlrm
