// The head of a reward model: linear, or two layers with a ReLU between them, under the names that trainers give it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "weights/checkpoint.h"

namespace vlrm {

// Names of a head's tensors in order, canonical ones: "score.weight", or "score.0.weight" and "score.2.weight"; `bias`
// may be a tensor that is not there.
struct HeadLayer {
  std::string weight, bias;
};
// Those of the head that `weights` have; empty where they have none.
std::vector<HeadLayer> reward_head_layers(const Checkpoint& weights);
// Whether a tensor of this canonical name may be part of a head.
bool is_in_reward_head(const std::string& name);

constexpr const char* kHeadFile = "value_head.safetensors";

struct CanonicalHead {
  CheckpointPtr weights;
  std::string value_head;  // what a tensor of a value head (v_head, value_head) was called; "" without one
};
// The same weights with the head of a model (v_head, value_head, classifier) under its canonical names: one among them,
// or in a file of its own, DIRECTORY/kHeadFile. Throws Error if there are two heads.
CanonicalHead with_canonical_head(CheckpointPtr weights, const std::filesystem::path& directory);

}  // namespace vlrm
