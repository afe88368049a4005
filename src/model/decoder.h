// The text side of every family: embeddings, decoder layers, final norm and heads.
#pragma once

#include <functional>

#include "model/family_parts.h"
#include "model/reward_head.h"
#include "model/row_table.h"

namespace vlrm {

// What Decoder::run() does beside its work.
struct BesideRun {
  // Called with the states that enter layer 0, 1 …: [tokens, hidden size].
  std::function<void(int64_t layer, const at::Tensor& hidden)> observer = {};
  // Those of the batch's groups: get what their prefixes leave.
  std::vector<TextGroup>* caches = nullptr;
  // The same in pages, and the pools of all layers.
  PagedPrompts* pages = nullptr;
  std::span<const at::Tensor> pools = {};
};

// The token that follows a text so far: how many there are with it, and its position.
struct TextEnd {
  int64_t length = 0, position = 0;
};

class Decoder {
 public:
  // Throws Error where tensors are missing or do not fit the configuration.
  Decoder(Parts& parts, const ModelConfig& config);

  // Other weights of the same shapes for embeddings, layers, norm and heads; layers that need images stay. Throws Error
  // where tensors are missing or shapes differ, before anything has changed.
  void replace_weights(const WeightReader& reader);

  // Reads the language model's head, unless it is there: a model that was loaded for its rewards then has both heads.
  void load_language_head();
  bool has_language_head() const { return language_head_.has_value(); }
  bool has_reward_head() const { return head_ == Head::reward; }

  // The parts that one run() uses, and then the language model's head if `head` is set, for Parts::expect.
  std::vector<size_t> order(bool with_images, bool head) const;

  // The states [tokens, hidden size] after the last layer, before the final norm. images[i] is batch.images[i],
  // encoded. Layers are used one after the other, each for all groups; without images, layers that need them are
  // skipped.
  at::Tensor run(const RaggedBatch& batch, const std::vector<ImageFeatures>& images,
                 const BesideRun& beside = {}) const;
  // The states of the next token of each text of the groups, which grow by it: [texts of all groups, hidden size].
  at::Tensor step(const std::vector<int32_t>& tokens, std::span<TextGroup> groups) const;
  // The same in pages, with the pools of all layers. Fills in the step's angles, and the pool of the layer at work.
  at::Tensor step(const std::vector<int32_t>& tokens, const std::vector<TextEnd>& ends, PagedStep& step,
                  std::span<const at::Tensor> pools) const;

  // Whether all texts of a layer are one call of attention, which pages need.
  bool can_use_pages() const { return flash_attention_; }
  bool needs_images(size_t layer) const { return layers_[layer].needs_images; }

  // What the heads read: the final norm of states after the last layer. The heads below apply it themselves.
  at::Tensor final_norm(const at::Tensor& states) const;
  // [rows] rewards of states after the last layer. Needs a reward head.
  at::Tensor rewards(const at::Tensor& states) const;
  // [rows, rows of the language model's head] on the CPU, in float32. On a CPU no row's digits depend on the others.
  at::Tensor logits(const at::Tensor& states) const;
  // log p(targets[i] | states[i]): [rows], float32. Needs a language model's head. Throws Error for a target outside
  // it. `rows_of_texts` says how many are of each text: on a CPU no text's digits depend on the others.
  at::Tensor log_probabilities(const at::Tensor& states, const std::vector<int64_t>& targets,
                               const std::vector<int64_t>& rows_of_texts) const;

 private:
  struct LanguageHead;
  // What is small, and resident always.
  struct Vectors {
    at::Tensor norm;
    RewardHead reward_head;  // of a reward model
  };

  Vectors read_vectors(const WeightReader& reader) const;
  std::optional<BatchRuns> runs_of(const RaggedBatch& batch, const std::vector<ImageFeatures>& images) const;
  void place_images(const at::Tensor& hidden, const RaggedBatch& batch, const std::vector<ImageFeatures>& images) const;
  Rope::Angles angles_of_ends(std::span<const TextGroup> groups) const;

  TextConfig config_;
  Head head_;  // that it was loaded with
  Fusion fusion_;
  std::string prefix_, embedding_name_, head_name_;  // of tensors; the prefix is that of all but the heads
  Precision precision_;
  bool flash_attention_;  // all of a layer in one call
  Parts& parts_;
  Rope rope_;
  RowTable embedding_;
  std::vector<LayerPart> layers_;
  Vectors vectors_;
  std::optional<Parts::Handle<LanguageHead>> language_head_;
};

}  // namespace vlrm
