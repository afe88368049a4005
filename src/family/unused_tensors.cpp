#include "family/unused_tensors.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"
#include "base/joined.h"

namespace vlrm {
namespace {

constexpr std::array<std::string_view, 3> kHeads{"score.weight", "lm_head.weight", "language_model.lm_head.weight"};
constexpr std::array<std::string_view, 6> kBuffers{"rotary_emb.inv_freq",   "rotary_emb.original_inv_freq",
                                                   "rotary_emb.cos_cached", "rotary_emb.sin_cached",
                                                   "position_ids",          "masked_bias"};

bool changes_nothing(std::string_view name) {
  return std::ranges::find(kHeads, name) != kHeads.end() ||
         std::ranges::any_of(kBuffers, [&](std::string_view buffer) { return name.ends_with(buffer); });
}

}  // namespace

std::vector<std::string> unused_tensors(const TensorShapes& known, const Checkpoint& weights) {
  std::vector<std::string> names;
  for (const TensorInfo& tensor : weights.tensors())
    if (!known.contains(tensor.name) && !changes_nothing(tensor.name)) names.push_back(tensor.name);
  return names;
}

void refuse_unused_tensors(const ModelConfig& config, const Checkpoint& weights) {
  constexpr size_t kNamed = 3;
  std::vector<std::string> names =
      unused_tensors(config.vision ? mllama_shapes(config) : llama_backbone_shapes(config.text), weights);
  if (names.empty()) return;
  const size_t count = names.size();
  names.resize(std::min(count, kNamed));
  for (std::string& name : names) name = printable(name);
  fail(
      "{}: {} {} no part of the {} that config.json describes, and would change what it computes: {}{}; correct the "
      "config, or remove them",
      weights.description(), count, count == 1 ? "tensor is" : "tensors are", config.vision ? "Mllama" : "Llama",
      joined(names), count > kNamed ? " …" : "");
}

}  // namespace vlrm
