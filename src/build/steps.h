// The reference's steps, each alone: other sinks of the same chain as reward_model.h.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "artifact/planned_output.h"
#include "base/json.h"
#include "build/reward_model.h"
#include "merge/recipe.h"
#include "weights/checkpoint.h"

namespace vlrm {

// All throw Error where the models do not fit together; `watch` is as for plan_reward_model, with the parameters' names
// as roles (for merges, merge_roles).

// build: the reward model, with its VLM's side files.
PlannedOutput plan_build(const BuildInputs& inputs, const Recipe& recipe, Dtype dtype, const WatchInput& watch = {});

// The text part of a VLM as a text model of its own: its embeddings, layers and tokenizer; lm_head is the VLM's and has
// for the rows that the VLM lacks the mean of the instruct model's. The config is the instruct model's.
PlannedOutput plan_extract_vlm(const ModelFiles& vlm, const ModelFiles& instruct, Dtype dtype,
                               const WatchInput& watch = {});
// A reward model's backbone as a language model, whatever the labels of its head: its tokenizer, and the instruct
// model's lm_head, with as many rows as the backbone has.
PlannedOutput plan_extract_rm(const ModelFiles& rm, const ModelFiles& instruct, Dtype dtype,
                              const WatchInput& watch = {});

// merge: the models that the recipe's names stand for (see open_causal_model), of any architecture. In
// merge_models.cpp. Without a dtype in the recipe each tensor has the base's type, or the first model's. The config,
// tokenizer and other files are the base's or the first model's, but for a tokenizer that the recipe names.
PlannedOutput plan_merge_models(const Recipe& recipe, const WatchInput& watch = {});

// A merged text model back onto the VLM, with the RM's score head, of which choose_label keeps a row; written as the
// type of `text`'s weights.
PlannedOutput plan_map(const ModelFiles& text, const ModelFiles& vlm, const ModelFiles& rm,
                       const WatchInput& watch = {}, const std::string& score_label = "");

}  // namespace vlrm
