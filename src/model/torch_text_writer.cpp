#include "model/torch_text_writer.h"

#include <algorithm>
#include <iterator>

#include "base/error.h"
#include "model/index_tensor.h"

namespace vlrm {

Logits TorchTextWriter::logits(const at::Tensor& states) const {
  const at::Tensor all = backend_.decoder_.logits(states).contiguous();
  const float* values = all.const_data_ptr<float>();
  return {all.size(1), {values, values + all.numel()}};
}

Logits TorchTextWriter::begin(std::span<const SharedPrefixBatch> prompts, std::span<const int64_t> texts) {
  VLRM_ASSERT(prompts.size() == texts.size());
  const c10::InferenceMode no_gradients;
  Logits result;
  for (const auto& pass : backend_.passes(prompts)) {
    const RaggedBatch batch = backend_.laid_out(prompts.subspan(pass.first, pass.count));
    std::vector<TextGroup> groups;
    std::vector<int64_t> ends;
    for (size_t i = 0; i < pass.count; ++i) {
      const PrefixGroup& group = batch.groups[i];
      VLRM_ASSERT(group.continuations.empty() && texts[pass.first + i] > 0);
      groups.push_back({.texts = texts[pass.first + i],
                        .length = group.prefix.length,
                        .position = group.next_position,
                        .layers = std::vector<LayerCache>(static_cast<size_t>(backend_.config_.text.layers)),
                        .sees_images = !group.images.empty()});
      ends.push_back(group.prefix.end() - 1);
    }
    const at::Tensor states = backend_.run(batch, true, {.caches = &groups});
    const Logits some = logits(select_rows(states, ends));
    result.width = some.width;
    result.values.insert(result.values.end(), some.values.begin(), some.values.end());
    groups_.insert(groups_.end(), std::make_move_iterator(groups.begin()), std::make_move_iterator(groups.end()));
  }
  return result;
}

Logits TorchTextWriter::step(std::span<const Next> groups) {
  VLRM_ASSERT(groups.size() == groups_.size());
  const c10::InferenceMode no_gradients;
  std::vector<int32_t> tokens;
  for (size_t i = 0; i < groups.size(); ++i) {
    VLRM_ASSERT(groups[i].texts.size() == groups[i].tokens.size());
    groups_[i].keep(groups[i].texts);
    tokens.insert(tokens.end(), groups[i].tokens.begin(), groups[i].tokens.end());
  }
  std::erase_if(groups_, [](const TextGroup& group) { return group.texts == 0; });
  if (groups_.empty()) return {};
  const bool with_images = std::ranges::any_of(groups_, &TextGroup::sees_images);
  backend_.parts_.expect(backend_.decoder_.order(with_images, true));
  const at::Tensor states = backend_.decoder_.step(tokens, groups_);
  backend_.work_.tokens += static_cast<int64_t>(tokens.size());
  return logits(states);
}

int64_t TorchTextWriter::group_bytes(const SharedPrefixBatch& prompt, int64_t texts, int64_t tokens) const {
  const TextConfig& text = backend_.config_.text;
  const auto cross = static_cast<int64_t>(text.cross_attention_layers.size());
  const auto size = static_cast<int64_t>(at::elementSize(backend_.precision_.compute_type));
  const int64_t a_token = 2 * text.key_value_heads * text.head_size * size;
  // What is written has up to twice the room that it needs, and is copied where it grows.
  const int64_t kept = static_cast<int64_t>(prompt.prefix.size()) + 3 * texts * tokens;
  int64_t bytes = (text.layers - cross) * kept * a_token;
  if (backend_.encoder_)
    for (const auto& image : prompt.images) bytes += cross * backend_.encoder_->existing_rows(*image) * a_token;
  return bytes;
}

}  // namespace vlrm
