#include "eval/next_merge.h"

#include <utility>

#include "architecture/architecture.h"
#include "base/listening.h"
#include "weights/held_checkpoint.h"

namespace vlrm {
namespace {

// What recipes do not change is not read again: the vision tower and the projector.
WantedTensor language_tensors(const Model& model) {
  const auto* family = model.config.architecture;
  return [family](const TensorInfo& info) {
    const auto within = [&](std::string_view prefix) { return !prefix.empty() && info.name.starts_with(prefix); };
    return !within(family->vision_prefix) && !within(family->projector_prefix);
  };
}

}  // namespace

int64_t NextMerge::bytes(const Model& model) {
  return bytes_held(*model.weights, language_tensors(model));
}

void NextMerge::begin(const Model& model) {
  model_ = &model;
  merged_ = std::async(std::launch::async,
                       with_this_listener([&model] { return held_in_memory(model.weights, language_tensors(model)); }));
}

CheckpointPtr NextMerge::weights(const Model& model) {
  if (std::exchange(model_, nullptr) != &model) return model.weights;
  ++used_;
  return merged_.get();
}

}  // namespace vlrm
