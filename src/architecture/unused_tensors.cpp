#include "architecture/unused_tensors.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "architecture/architecture.h"
#include "architecture/reward_head.h"
#include "base/error.h"
#include "base/joined.h"
#include "weights/pickled_weights.h"

namespace vlrm {
namespace {

constexpr std::array<std::string_view, 6> kBuffers{"rotary_emb.inv_freq",   "rotary_emb.original_inv_freq",
                                                   "rotary_emb.cos_cached", "rotary_emb.sin_cached",
                                                   "position_ids",          "masked_bias"};

bool changes_nothing(std::string_view name, const Architecture& architecture) {
  return is_in_reward_head(std::string(name)) || name == architecture.head ||
         std::ranges::any_of(kBuffers, [&](std::string_view buffer) { return name.ends_with(buffer); });
}

}  // namespace

std::vector<std::string> unused_tensors(const ModelConfig& config, const Checkpoint& weights) {
  const Architecture& architecture = *config.architecture;
  const TensorShapes known = architecture.shapes(config);
  std::vector<std::string> names;
  for (const TensorInfo& tensor : weights.tensors())
    if (!known.contains(tensor.name) && !changes_nothing(tensor.name, architecture)) names.push_back(tensor.name);
  return names;
}

std::optional<std::string> unasked_head(const Model& model) {
  const Checkpoint& weights = *model.weights;
  const bool scores = model.config.head == Head::reward;
  if (scores && model.config.sees()) return std::nullopt;  // a build keeps the VLM's head, as the reference does
  std::string name;
  if (scores)
    name = model.config.architecture->head;
  else if (const std::vector<HeadLayer> head = reward_head_layers(weights); !head.empty())
    name = head.front().weight;
  if (!scores && !model.pickled_head.empty())
    name = kPickledHead;
  else if (weights.find(name) == nullptr)
    return std::nullopt;
  else if (!scores && !model.value_head.empty())
    name = printable(model.value_head);  // as its file calls it
  return fmt::format("{}: {} is not used: by config.json this is a {} model", weights.description(), name,
                     scores ? "reward" : "language");
}

std::optional<std::string> bias_of_classifier(const Model& model) {
  if (model.config.head != Head::reward || !model.value_head.empty() || model.weights->find("score.bias") == nullptr)
    return std::nullopt;
  return fmt::format("{}: score.bias is added to each score; transformers' classifiers have none and leave it out",
                     model.weights->description());
}

void refuse_unused_tensors(const ModelConfig& config, const Checkpoint& weights) {
  constexpr size_t kNamed = 3;
  std::vector<std::string> names = unused_tensors(config, weights);
  if (names.empty()) return;
  const size_t count = names.size();
  names.resize(std::min(count, kNamed));
  for (std::string& name : names) name = printable(name);
  fail(
      "{}: {} {} no part of the {} that config.json describes, and would change what it computes: {}{}; correct the "
      "config, or remove them",
      weights.description(), count, count == 1 ? "tensor is" : "tensors are", config.architecture->name, joined(names),
      count > kNamed ? " …" : "");
}

}  // namespace vlrm
