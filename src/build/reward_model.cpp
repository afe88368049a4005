#include "build/reward_model.h"

#include "architecture/text_names.h"
#include "base/error.h"
#include "build/grown_rows.h"
#include "build/inputs.h"
#include "merge/merge_plan.h"
#include "weights/views.h"

namespace vlrm {
namespace {

enum class Role { vlm, rm, base };

// Which input each of the recipe's models stands for.
class Roles {
 public:
  explicit Roles(const Recipe& recipe) : recipe_(recipe) {
    if (!recipe.merges_whole_models() || recipe.tokenizer_union || !recipe.tokens.empty())
      fail(
          "{}: slices, modules and vocabularies of one's own are for vlrm merge; a reward model is made of whole "
          "models",
          recipe.source);
    for (const RecipeModel& model : recipe.models()) called_vlm_ = called_vlm_ || model.name == "vlm";
    if (!recipe.tokenizer_source)
      fail(
          "{}: the line `tokenizer: {{source: {}, pad_to_multiple_of: 8}}` is missing; source names the model that "
          "stands for the VLM's text part",
          recipe.source, called_vlm_ ? "vlm" : "MODEL");
    int vlms = 0;
    std::vector<std::string> others;
    for (const RecipeModel& model : recipe.models()) {
      if (of(model.name) == Role::vlm) ++vlms;
      if (of(model.name) == Role::rm) others.push_back(model.name);
    }
    if (vlms != 1)
      fail("{}: no model stands for the VLM's text part: call it \"vlm\", or let tokenizer.source name it",
           recipe.source);
    if (others.size() != 1)
      fail("{}: beside the VLM's text part{} there must be one model, the RM; there are {}", recipe.source,
           recipe.base_model ? " and the base" : "", others.size());
    if (recipe.tokenizer_source && of(*recipe.tokenizer_source) != Role::vlm)
      fail("{}: the tokenizer must be the VLM's, but tokenizer.source names \"{}\"", recipe.source,
           printable(*recipe.tokenizer_source));
  }

  Role of(const std::string& name) const {
    if (recipe_.is_base(name)) return Role::base;
    const bool is_vlm = called_vlm_ ? name == "vlm" : recipe_.tokenizer_source == name;
    return is_vlm && name != "rm" ? Role::vlm : Role::rm;
  }

 private:
  const Recipe& recipe_;
  bool called_vlm_ = false;
};

// A parameter of a model where it is one number for all that is kept of the merge, else null.
OrderedJson one_number(const Recipe& recipe, const RecipeModel& model, const std::string& name) {
  const bool own = model.parameters.contains(name);
  const auto& parameters = own ? model.parameters : recipe.parameters;
  const auto found = parameters.find(name);
  if (found == parameters.end()) return 1.0;  // a density; a weight may not be missing
  for (const ParameterCase& each : found->second) {
    if (each.filter == "lm_head") continue;
    const bool one = each.filter.empty() && each.values.size() == 1;
    return one ? OrderedJson(each.values.front()) : OrderedJson(nullptr);
  }
  return nullptr;
}

[[noreturn]] void refuse_missing_base(const Recipe& recipe) {
  fail("{} needs the base model that both were tuned from (`base`)", recipe.method->name);
}

MergeSource text_source(const Model& model, const char* name) {
  return {name, backbone(model.weights, model.config), model.files.tokenizer()};
}

}  // namespace

CheckpointPtr mapped_onto_vlm(const CheckpointPtr& text, const Model& vlm, const Model& rm, const std::string& source) {
  const CheckpointPtr mapped = backbone_for(text, vlm.config);
  const std::string embeddings = canonical_name("model.embed_tokens.weight", vlm.config);
  const int64_t rows = mapped->info_or_throw(embeddings).shape[0];
  const int64_t needed = vlm.weights->info_or_throw(embeddings).shape[0];
  const bool has_spare_rows =
      vlm.config.architecture->reserved_rows == 0;  // behind its last token, as many as it likes
  if (rows > needed || (rows < needed && !has_spare_rows))
    fail("{}: the merged embeddings have {} rows, but the VLM's have {}{}", source, rows, needed,
         vlm.config.architecture->padding > 1
             ? fmt::format("; `pad_to_multiple_of: {}` under `tokenizer` in the recipe gives the VLM's",
                           vlm.config.architecture->padding)
             : "");
  const CheckpointPtr score = renamed(
      rm.weights, [](const std::string& name) { return name == "score.weight" ? std::optional(name) : std::nullopt; });
  if (rows == needed) return overlay({vlm.weights, mapped, score});
  return overlay({vlm.weights, mapped, with_rows(mapped, embeddings, needed, vlm.weights), score});
}

OrderedJson recipe_numbers(const Recipe& recipe) {
  const Roles roles(recipe);
  OrderedJson weights = {{"vlm", nullptr}, {"rm", nullptr}};
  std::vector<OrderedJson> densities;
  for (const RecipeModel& model : recipe.models()) {
    const Role role = roles.of(model.name);
    if (role == Role::base) continue;
    weights[role == Role::vlm ? "vlm" : "rm"] = one_number(recipe, model, "weight");
    densities.push_back(one_number(recipe, model, "density"));
  }
  const bool one_density = recipe.method->find("density") != nullptr && densities.front() == densities.back();
  return {{"method", recipe.method->name},
          {"weights", std::move(weights)},
          {"density", one_density ? densities.front() : OrderedJson(nullptr)}};
}

RecipeRoles build_roles(const Recipe& recipe) {
  const Roles roles(recipe);
  RecipeRoles names;
  for (const std::string& name : recipe.model_names()) {
    const Role role = roles.of(name);
    names[name] = role == Role::base ? "base" : role == Role::vlm ? "vlm" : "rm";
  }
  return names;
}

BuildModels::BuildModels(BuildInputs inputs, WatchInput watch)
    : inputs_(std::move(inputs)),
      watch_(std::move(watch)),
      vlm_(open_input("vlm", inputs_.vlm, watch_, notes_)),
      rm_(open_input("rm", inputs_.rm, watch_, notes_)) {
  require_vlm(vlm_);
  require_reward_model(rm_);
  choose_label(rm_, inputs_.score_label);
  require_same_text_shape(rm_, vlm_, notes_);
  require_tensors(vlm_);
  require_tensors(rm_);
  require_head(rm_, notes_);
  pad_token_ = pad_token_of(vlm_, vocabularies_->tokens);
}

const BuildModels::Base& BuildModels::base_or_throw(const Recipe& recipe) {
  if (base_) return *base_;
  if (!inputs_.base) refuse_missing_base(recipe);
  std::vector<std::string> notes;
  const Model model = open_input("base", *inputs_.base, watch_, notes);
  require_base(model);
  require_same_text_shape(model, vlm_, notes);
  require_tensors(model);
  return base_.emplace(Base{text_source(model, "the base"), std::move(notes)});
}

PlannedModel BuildModels::plan(const Recipe& recipe) {
  const Roles roles(recipe);
  PlannedModel planned{vlm_, notes_};
  MergeSources sources{{}, vlm_.files.tokenizer(), {}, vocabularies_};
  for (const std::string& name : recipe.model_names()) {
    const Role role = roles.of(name);
    sources.models[name] = role == Role::base  ? base_or_throw(recipe).text
                           : role == Role::vlm ? text_source(vlm_, "the VLM's text part")
                                               : text_source(rm_, "the RM");
  }
  const auto add_notes = [&](const std::vector<std::string>& notes) {
    planned.notes.insert(planned.notes.end(), notes.begin(), notes.end());
  };
  if (recipe.base_model) add_notes(base_or_throw(recipe).notes);
  const MergePlan merged = plan_merge(recipe, sources);
  add_notes(merged.notes);
  planned.weights = mapped_onto_vlm(merged.weights, vlm_, rm_, recipe.source);
  planned.config.head = Head::reward;
  planned.config.pad_token = pad_token_;
  planned.config.pooling = planned.config.architecture->pooling;
  return planned;
}

PlannedModel plan_reward_model(const BuildInputs& inputs, const Recipe& recipe, const WatchInput& watch) {
  const Roles checked(recipe);  // before anything is read
  if (recipe.base_model && !inputs.base) refuse_missing_base(recipe);
  return BuildModels(inputs, watch).plan(recipe);
}

}  // namespace vlrm
