// The whole chain as one lazy checkpoint: text parts → merge → back onto the VLM → score head.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "architecture/config.h"
#include "artifact/recipe_roles.h"
#include "build/inputs.h"
#include "merge/merge_plan.h"
#include "merge/recipe.h"
#include "weights/checkpoint.h"

namespace vlrm {

// Local directories (see resolve_model). The base may be missing for linear, which has no use for it.
struct BuildInputs {
  ModelFiles vlm, rm;
  std::optional<ModelFiles> base;
  std::string score_label = {};  // of an RM with several: see choose_label
};

// A model that exists as a plan: what its files would say, and its weights, computed when they are read; merged ones
// are float32, the others as the VLM has them. Its config is the VLM's with a reward head, its files are the VLM's.
struct PlannedModel : Model {
  std::vector<std::string> notes;  // what the user should know, one line each
};

// The models of a build, opened. What no recipe changes is read and judged once for all recipes.
class BuildModels {
 public:
  // Reads headers and configs of the VLM and the RM. `watch` is as for open_model. Throws Error where they do not fit
  // together: another architecture, shapes, tensors that are missing, more than one label.
  explicit BuildModels(BuildInputs inputs, WatchInput watch = {});

  // The reward model that `recipe` makes of them: see plan_reward_model. The base is opened with the first recipe that
  // has one. For one thread at a time; the plan needs this no more.
  PlannedModel plan(const Recipe& recipe);

 private:
  struct Base {
    MergeSource text;
    std::vector<std::string> notes;
  };
  const Base& base_or_throw(const Recipe& recipe);

  const BuildInputs inputs_;
  const WatchInput watch_;
  std::vector<std::string> notes_;  // on the VLM and the RM
  const Model vlm_;
  std::optional<int32_t> pad_token_;  // of what is built
  Model rm_;
  std::optional<Base> base_;
  const std::shared_ptr<VocabularyCache> vocabularies_ = std::make_shared<VocabularyCache>();
};

// Plans the reward model that `recipe` makes of `inputs`. The recipe's models are called vlm, rm and base, or anything
// else: then the one that tokenizer.source names stands for the VLM's text part, base_model for the base and the
// remaining one for the RM. The recipe needs tokenizer.source. Reads headers, configs and vocabularies. Throws Error
// where the models do not fit together: another architecture, shapes, tensors that are missing, embedding rows that are
// not the VLM's, more than one label.
PlannedModel plan_reward_model(const BuildInputs& inputs, const Recipe& recipe, const WatchInput& watch = {});

// The recipe in numbers: {"method", "weights": {"vlm", "rm"}, "density"}. What is not one number for all of a model (a
// gradient, several filters; one for the lm_head, which is merged for nothing, does not count), or means nothing to the
// method, is null; so is a density in which the models differ. Throws Error as plan_reward_model where a role is taken
// by no model.
OrderedJson recipe_numbers(const Recipe& recipe);

// The roles that the recipe's names stand for: vlm, rm, base. Throws Error as plan_reward_model.
RecipeRoles build_roles(const Recipe& recipe);

// The last step of it: a text model's backbone in place of the VLM's text part, and the RM's score head.
// Throws Error, naming `source`, where the embeddings have other rows than the VLM's.
CheckpointPtr mapped_onto_vlm(const CheckpointPtr& text, const Model& vlm, const Model& rm, const std::string& source);

}  // namespace vlrm
