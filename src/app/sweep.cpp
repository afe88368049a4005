// Many recipes of one benchmark.
#include "eval/sweep.h"

#include <vlrm/evaluate.h>

#include <set>

#include "app/costs.h"
#include "app/evaluation_parts.h"
#include "app/listening.h"
#include "app/model.h"
#include "app/opened_benchmark.h"
#include "app/option_checks.h"
#include "base/error.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

// What recipes have to say, each thing once.
class Notes {
 public:
  void tell_new(const std::vector<std::string>& notes) {
    for (const std::string& note : notes)
      if (told_.insert(note).second) tell_note(note);
  }

 private:
  std::set<std::string> told_;
};

EvaluationMode sweep_mode(const EvaluateOptions& options) {
  const EvaluationMode mode = evaluation_mode_or_throw(options.mode);
  if (mode != EvaluationMode::image && mode != EvaluationMode::no_image)
    throw OptionError(
        "mode", fmt::format("a sweep is of merged models, which {} does not run; use image or no-image", options.mode));
  if (!options.label.empty())
    throw OptionError("label", "names one run; those of a sweep are named after their recipes");
  return mode;
}

std::vector<NamedRecipe> sweep_recipes(const SweepOptions& options) {
  const ModelOptions& model = options.evaluate.model;
  refuse_numbers(model, "method", "and its numbers are one merge; a sweep is of recipes");
  require_merge_inputs(model);
  std::vector<NamedRecipe> recipes = recipes_or_throw(options.paper, options.recipes);
  if (recipes.empty()) throw OptionError("recipes", "none is named");
  return recipes;
}

}  // namespace

void sweep(const SweepOptions& sweep_options) {
  const EvaluateOptions& options = sweep_options.evaluate;
  const CallListener listening(options.listener);
  const EvaluationMode mode = sweep_mode(options);
  const std::vector<NamedRecipe> recipes = sweep_recipes(sweep_options);
  const std::shared_ptr<const Benchmark> benchmark = benchmark_of(options, mode);
  const ScorerOptions scoring = scorer_options_for(*benchmark, options.model, mode);
  ModelSettings settings(options.model);
  std::optional<BuildModels> models;  // once a recipe is not finished
  Notes told;
  std::vector<SweepRecipe> parts;
  for (const NamedRecipe& recipe : recipes) {
    EvaluationOptions how = evaluation_options(options, mode, recipe.name());
    how.output /= recipe.name();
    how.model_settings = settings.of(recipe, scoring);
    parts.push_back({recipe.name(), std::move(how), [&] {
                       if (!models) models.emplace(build_inputs(options.model));
                       std::vector<std::string> notes;
                       Model model = merged(*models, options.model, recipe.recipe, notes);
                       told.tell_new(notes);
                       return model;
                     }});
  }
  const auto tell_all_warnings = [&] {  // all recipes have the same texts
    for (const NamedRecipe& recipe : recipes)
      tell_row_warnings(fs::path(options.output) / recipe.name(), &recipe == &recipes.front());
  };
  Sweep sweep(benchmark, std::move(parts));
  if (sweep.finished()) {
    tell_status(fmt::format("{}: all {} rows of {} recipes are there already", options.output, benchmark->rows(),
                            recipes.size()));
    return tell_all_warnings();
  }
  if (sweep.done() > 0)
    tell_status(
        fmt::format("{}: going on after {} of {} rows of all recipes", options.output, sweep.done(), sweep.total()));
  const Sweep::Work work = sweep.score(
      [&](const Model& model) {
        return std::make_unique<Scorer>(model, scoring, backend_options(options.model, model));
      },
      sweep_options.memory_limit);
  tell_status(fmt::format("{}: {} images encoded, {} models merged, {} chunks of rows{}", options.output,
                          work.images_encoded, work.models_merged, work.chunks,
                          work.merged_ahead == 0
                              ? ""
                              : fmt::format("; {} models were merged while others were scored", work.merged_ahead)));
  tell_all_warnings();
}

Costs sweep_costs(const SweepOptions& sweep_options) {
  const EvaluateOptions options = with_some_output(sweep_options.evaluate);
  const CallListener listening(options.listener);
  const EvaluationMode mode = sweep_mode(options);
  const std::vector<NamedRecipe> recipes = sweep_recipes(sweep_options);
  const EvaluationOptions how = evaluation_options(options, mode, "");
  const std::shared_ptr<const Benchmark> benchmark = benchmark_of(options, mode);
  BuildModels models(build_inputs(options.model));
  Notes told;
  std::optional<Model> model;
  for (const NamedRecipe& recipe : recipes) {
    std::vector<std::string> notes;
    model = merged(models, options.model, recipe.recipe, notes);
    told.tell_new(notes);
  }
  ScoringCosts costs(*model, scorer_options_for(*benchmark, options.model, mode), options.model);
  add_rows(costs, *benchmark, how);
  return costs.of(benchmark->rows(), options.batch_samples, std::ssize(recipes));
}

}  // namespace vlrm
