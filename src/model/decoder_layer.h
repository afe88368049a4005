// A layer of a decoder; each family chooses which it is made of.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "model/batch_runs.h"
#include "model/paged_layer.h"
#include "model/rope.h"
#include "model/step_attention.h"

namespace vlrm {

// What an encoded image is to the decoder: [rows, hidden size], those that exist first. With Fusion::embeddings, first
// of all the embeddings of its tokens; what else there is, the family's layers know.
struct ImageFeatures {
  at::Tensor features;
  int64_t existing = 0;  // rows
};

// What all layers of one run through a batch are given.
struct LayerInput {
  const RaggedBatch& batch;
  const Rope::Angles& angles;                // of every row
  const std::vector<ImageFeatures>& images;  // images[i] is batch.images[i], encoded
  std::function<void()> before_work;         // called before each cut of the batch; what it throws ends the run
  const PagedPrompts* pages = nullptr;       // gets what prompts leave, in place of the caches; `runs` are there then
  const BatchRuns* runs = nullptr;           // where all attention of a layer is one call: on a device, in half types
};

class DecoderLayer {
 public:
  virtual ~DecoderLayer() = default;

  // hidden [rows of the batch, hidden size] is replaced by the layer's output. The batch says which of its rows go
  // through matrices together. `caches`, one for each group, or empty, get what the prefixes leave for step().
  virtual void forward(const at::Tensor& hidden, const LayerInput& input,
                       std::span<LayerCache* const> caches) const = 0;

  // The same for the next token of each text: hidden [texts of all groups, hidden size]. The caches grow by it.
  virtual void step(const at::Tensor& hidden, const Rope::Angles& angles, std::span<const Growing> groups) const = 0;
  // The same where keys and values are in pages: hidden [texts, hidden size].
  virtual void step(const at::Tensor& hidden, const PagedStep& step) const = 0;
};

}  // namespace vlrm
