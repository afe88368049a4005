// Models of any shape with random weights, in memory.
#pragma once

#include "architecture/config.h"
#include "model/backend.h"
#include "support/device.h"

namespace vlrm::testing {

// A small Mllama: cross-attention at layers 1 and 4 of 6, tiles of 28 pixels, grouped heads.
ModelConfig small_mllama(Head head);
// A small Llama of 4 layers.
ModelConfig small_llama(Head head);
// A small Qwen3 with all that families add to a Llama: biases, norms of heads, heads wider than the hidden size, tied
// embeddings, and a dynamic rope of 12 positions.
ModelConfig small_qwen3(Head head);

// Weights for `config`, the same ones for the same seed, stored as `dtype`.
CheckpointPtr random_checkpoint(const ModelConfig& config, uint64_t seed, Dtype dtype = Dtype::f32);
// The same without the tensor `name`, or with a tensor of another shape or type in its place.
CheckpointPtr without(const CheckpointPtr& checkpoint, const std::string& name);
CheckpointPtr reshaped(const CheckpointPtr& checkpoint, const std::string& name, std::vector<int64_t> shape,
                       Dtype dtype = Dtype::f32);

std::shared_ptr<const ProcessedImage> random_image(const ModelConfig& config, int64_t tiles, uint64_t seed,
                                                   std::string digest = "");
// `language` for what replace_language_weights takes over, and for the rest `checkpoint`.
CheckpointPtr with_language_of(const CheckpointPtr& checkpoint, const CheckpointPtr& language,
                               const ModelConfig& config);
// A backend for random_checkpoint(config, 7) on test_device().
inline std::unique_ptr<Backend> random_backend(const ModelConfig& config, Dtype dtype = Dtype::f32,
                                               BackendOptions::Weights weights = BackendOptions::Weights::automatic) {
  BackendOptions options;
  options.device = test_device();
  options.dtype = dtype;
  options.weights = weights;
  return load_backend(config, random_checkpoint(config, 7), options);
}

// Texts, and where each is asked.
struct Questions {
  std::vector<SharedPrefixBatch> batches;
  std::vector<std::vector<int64_t>> positions;
};

// Tokens that are not the image token.
std::vector<int32_t> random_tokens(const ModelConfig& config, size_t count, uint64_t seed);

}  // namespace vlrm::testing
