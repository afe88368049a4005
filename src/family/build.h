// The whole chain as one lazy checkpoint: text parts → merge → back onto the VLM → score head.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "family/config.h"
#include "merge/recipe.h"
#include "weights/checkpoint.h"

namespace vlrm {

// Local directories (see resolve_checkpoint). The base may be missing for linear, which has no use for it.
struct BuildInputs {
  std::filesystem::path vlm, rm;
  std::optional<std::filesystem::path> base;
};

// A model that exists as a plan: what its files would say, and its weights, computed where they are read.
struct PlannedModel {
  ModelConfig config;     // the VLM's, with a reward head
  CheckpointPtr weights;  // canonical names (names.h); merged tensors are float32, the others as the VLM has them
  std::filesystem::path sources;     // directory with its tokenizer, processor and chat template: the VLM's
  std::vector<std::string> remarks;  // what the user should know, one line each
};

// Stands between a build and the files of its inputs: gets each input's role ("vlm", "rm", "base"), directory and
// checkpoint, and gives the checkpoint to be used (see manifest.h).
using WatchInput = std::function<CheckpointPtr(const std::string& role, const std::filesystem::path& directory,
                                               CheckpointPtr checkpoint)>;

// Plans the reward model that `recipe` makes of `inputs`. The recipe's models are called vlm, rm and base, or anything
// else: then the one that tokenizer.source names stands for the VLM's text part, base_model for the base and the
// remaining one for the RM. Reads headers, configs and vocabularies. Throws Error where the models do not fit together:
// another architecture, shapes, tensors that are missing, embedding rows that are not the VLM's, more than one label.
PlannedModel plan_reward_model(const BuildInputs& inputs, const Recipe& recipe, const WatchInput& watch = {});

}  // namespace vlrm
