// vlrm merge: a mergekit recipe over models of one kind.
#include <algorithm>
#include <filesystem>
#include <memory>

#include "artifact/model_card.h"
#include "artifact/recipe_roles.h"
#include "base/atomic_output.h"
#include "base/error.h"
#include "base/tell.h"
#include "build/causal_model.h"
#include "cli/commands.h"
#include "cli/merge_options.h"
#include "merge/recipe_set.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

struct MergeOptions {
  std::string recipe, intermediate_directory;
  bool card = true;
  SeedFlag seed;
  OutputFlags output;
};

Manifest manifest_of(const Recipe& recipe) {
  const RecipeRoles roles = merge_roles(recipe);
  Manifest manifest("merge", recipe_settings(recipe, roles));
  for (const auto& [name, role] : roles) manifest.name_input(role, name);
  return manifest;
}

// How what is there differs from what the recipe would make now, to end a sentence; "" where it does not.
std::string difference_from(const fs::path& output, const Recipe& recipe) {
  Manifest manifest = manifest_of(recipe);
  if (!manifest.is_of(output)) return ", made of another recipe than now";
  plan_merge_models(recipe, manifest.watcher());
  const std::string change = manifest.change_since(output);
  return change.empty() ? "" : ", but " + change;
}

void merge(const Recipe& recipe, const std::string& yaml, const MergeOptions& options, const OutputFlags& output) {
  Manifest manifest = manifest_of(recipe);
  PlannedOutput planned = plan_merge_models(recipe, manifest.watcher());
  if (options.card) planned.texts.merge(descriptions(recipe, yaml, output.directory));
  write_and_report(planned, output, manifest);
}

// What can be known to be wrong before the first of the recipes has taken its time.
void check_all(const std::vector<Recipe>& recipes, const MergeOptions& options) {
  OutputFlags output = options.output;
  if (output.sink == "null") fail("--sink null writes no model that other recipes (--intermediate-dir) could use");
  const bool all_have_names =
      std::ranges::all_of(recipes, [](const Recipe& recipe) { return recipe.name.has_value(); });
  if (all_have_names && !output.directory.empty())
    fail("{}: each recipe has a name, which says where it goes: {} has no use", options.recipe, output.directory);
  if (!all_have_names && output.directory.empty())
    fail("{}: the recipe without a name needs a second argument, OUT", options.recipe);
  if (all_have_names) output.directory = options.intermediate_directory;
  output.options();
  if (!all_have_names && !output.resume) refuse_existing(output.directory, output.force);
  for (const Recipe& recipe : recipes)
    for (const std::string& model : recipe.model_names())
      if (!is_made_by(recipes, model)) open_causal_model(model, nullptr);
}

// Those with a name go to a directory of their own, and stay as they are where they are there already.
void merge_all(const std::vector<Recipe>& recipes, const std::string& yaml, const MergeOptions& options) {
  check_all(recipes, options);
  const fs::path directory = options.intermediate_directory;
  for (const Recipe& each : recipes) {
    const Recipe recipe = with_models_in(directory, each, recipes);
    OutputFlags output = options.output;
    if (recipe.name) {
      output.directory = (directory / *recipe.name).string();
      output.label = "merging " + printable(*recipe.name);
    }
    if (recipe.name && fs::exists(output.directory) && !output.force) {
      tell(fmt::format("note: {}: is there already{}; --force makes it again", output.directory,
                       difference_from(output.directory, recipe)));
      continue;
    }
    merge(recipe, yaml, options, output);
  }
}

void run_merge(const MergeOptions& options) {
  if (options.intermediate_directory.empty()) options.output.options();  // complains before any work
  const std::string yaml = read_recipe_text_or_throw(options.recipe);
  std::vector<Recipe> recipes = parse_recipes_or_throw(yaml, options.recipe);
  if (options.intermediate_directory.empty() && recipes.size() > 1)
    fail("{}: holds {} recipes; --intermediate-dir names the directory for those with a name", options.recipe,
         recipes.size());
  for (Recipe& recipe : recipes) options.seed.apply(recipe);
  if (!options.intermediate_directory.empty()) return merge_all(recipes, yaml, options);
  merge(recipes.front(), yaml, options, options.output);
}

}  // namespace

void add_merge_command(CLI::App& program) {
  auto* command = program.add_subcommand("merge", "Merge models by a mergekit YAML");
  const auto options = std::make_shared<MergeOptions>();
  command->add_option("CONFIG", options->recipe, "The YAML; models in it are directories (from here) or hub ids")
      ->required();
  command->add_option(
      "--intermediate-dir", options->intermediate_directory,
      "Of a file with several recipes (YAML documents with a \"name\", by which they can use each other): "
      "where the models of those with a name go");
  command->add_flag("!--no-model-card", options->card, "Write no README.md and no mergekit_config.yml");
  options->seed.declare(*command);
  options->output.positional = true;
  options->output.declare(*command);
  command->footer("Example:\n  vlrm merge ties.yaml models/merged_t");
  command->callback([options] { run_merge(*options); });
}

}  // namespace vlrm
