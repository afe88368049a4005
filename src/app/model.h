// What the options of a call say about its model, as the rooms above take it.
#pragma once

#include <vlrm/model.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/named_recipe.h"
#include "architecture/model.h"
#include "build/reward_model.h"
#include "reward/scorer.h"

namespace vlrm {

enum class Purpose { scoring, writing };

// The model that is named, or merged on load. The listener receives the notes. Throws OptionError unless
// the options name one model, and what opening throws.
Model open_or_merge(const ModelOptions& options, Purpose purpose = Purpose::scoring);

// Throws OptionError unless the models of a merge on load are named, and for what does not go with one.
void require_merge_inputs(const ModelOptions& options);
// These models. Throws as require_merge_inputs.
BuildInputs build_inputs(const ModelOptions& options);
// What a recipe makes of them, once they are opened; `notes` get what the user should know.
Model merged(BuildModels& models, const ModelOptions& options, Recipe recipe, std::vector<std::string>& notes);

ScorerOptions scorer_options(const ModelOptions& options, Mode mode);
BackendOptions backend_options(const ModelOptions& options, const Model& model);
SpecialTokens special_tokens_or_throw(const std::string& name);  // "parse"

Mode mode_or_throw(const std::string& name);  // "image"
// "float16" or "fp16"; for "auto", `automatic`.
constexpr const char* kAutoDtype = "auto";
Dtype float_dtype_or_throw(const std::string& name, Dtype automatic);
// Tells the listener about a seed that was given in vain.
void set_seed(Recipe& recipe, std::optional<uint64_t> seed);

// What scores depend on, but for mode and input: kept beside outputs, so that a run is only resumed with the same. The
// stamps of models are computed once.
class ModelSettings {
 public:
  explicit ModelSettings(const ModelOptions& options) : options_(options) {}
  OrderedJson of(const Model& model, const ScorerOptions& scorer);
  OrderedJson of(const NamedRecipe& recipe, const ScorerOptions& scorer);  // of what the recipe makes

 private:
  OrderedJson settings(const NamedRecipe* recipe, Dtype dtype, const ScorerOptions& scorer);
  void add_model(OrderedJson& settings, const char* role, const std::string& name);
  const ModelOptions& options_;
  std::map<std::string, OrderedJson> stamps_;  // by the model's name
};

// By name, those that are not 0.
std::vector<std::pair<std::string, int64_t>> counts(const TextNotes& notes);
// Tells the listener what should be known of the texts that were read.
void tell_warnings(const TextNotes& notes);

}  // namespace vlrm
