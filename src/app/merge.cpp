#include <vlrm/merge.h>

#include <algorithm>
#include <filesystem>

#include "app/cards.h"
#include "app/costs.h"
#include "app/listening.h"
#include "app/model.h"
#include "app/named_recipe.h"
#include "app/option_checks.h"
#include "architecture/architecture.h"
#include "artifact/model_card.h"
#include "artifact/output.h"
#include "artifact/recipe_roles.h"
#include "base/atomic_output.h"
#include "base/disk_space.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "build/causal_model.h"
#include "build/merge_check.h"
#include "merge/recipe_notes.h"
#include "merge/recipe_set.h"
#include "weights/model_files.h"
#include "weights/views.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

void check_output(const ModelOutput& output) {
  if (output.directory.empty() && !output.null_sink) throw OptionError("output", "names no directory to write");
  require_at_least("max_shard_bytes", output.max_shard_bytes, 1);
}

OutputOptions output_options(const ModelOutput& output, const std::string& label = OutputOptions{}.label) {
  return {output.directory,    label, output.force, output.null_sink, output.resume, output.max_shard_bytes,
          output.allow_outside};
}

// Writes the plan, and tells what to know and what was made.
void write(const PlannedOutput& planned, const ModelOutput& output, const Manifest& manifest,
           const std::string& label = OutputOptions{}.label) {
  const OutputOptions options = output_options(output, label);
  try {
    for (const std::string& note : write_output(planned, options, manifest)) tell_note(note);
  } catch (const Interrupted&) {
    if (output.resume) tell_note(fmt::format("{}: interrupted; the same command goes on from here", output.directory));
    throw;
  }
  if (!output.null_sink && output.written) output.written(output.directory);
}

// A reward model, planned.
struct PlannedBuild {
  explicit PlannedBuild(const BuildOptions& options)
      : dtype(float_dtype_or_throw(options.dtype, Dtype::bf16)),
        recipe(seeded(named_merge(options, options.recipe).recipe, options.seed)),
        inputs{named_model("vlm", options.vlm), named_model("rm", options.rm), std::nullopt, options.score_label},
        manifest("build", {}) {
    if (!options.base.empty()) inputs.base = resolve_model(options.base);
    pad_as(recipe, inputs.vlm);
    OrderedJson settings = recipe_settings(recipe, build_roles(recipe));
    settings["dtype"] = torch_name(dtype);
    if (!options.score_label.empty()) settings["score_label"] = options.score_label;
    manifest = Manifest("build", std::move(settings));
    manifest.name_input("vlm", options.vlm);
    manifest.name_input("rm", options.rm);
    manifest.name_input("base", options.base);
    output = plan_build(inputs, recipe, dtype, manifest.watcher());
    output.texts.merge(card_of(options));
  }
  PlannedBuild(const PlannedBuild&) = delete;  // the plan knows where the manifest is
  PlannedBuild& operator=(const PlannedBuild&) = delete;

  static Recipe seeded(Recipe recipe, std::optional<uint64_t> seed) {
    set_seed(recipe, seed);
    return recipe;
  }

  Dtype dtype;
  Recipe recipe;
  BuildInputs inputs;
  Manifest manifest;
  PlannedOutput output;
};

// Of the models whose text parts are merged, in so many passes.
int64_t bytes_to_read(const PlannedBuild& planned, int passes) {
  int64_t bytes = 0;
  for (const ModelFiles& model : {planned.inputs.vlm, planned.inputs.rm})
    bytes += bytes_of(*open_checkpoint(model.directory));
  if (planned.recipe.base_model) bytes += bytes_of(*open_checkpoint(planned.inputs.base->directory));
  return bytes * passes;
}

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

void merge_one(const Recipe& recipe, const std::string& yaml, const MergeOptions& options, const ModelOutput& output,
               const std::string& label = OutputOptions{}.label) {
  Manifest manifest = manifest_of(recipe);
  PlannedOutput planned = plan_merge_models(recipe, manifest.watcher());
  if (options.card) planned.texts.merge(descriptions(recipe, yaml, output.directory));
  write(planned, output, manifest, label);
}

// What can be known to be wrong before the first of the recipes has taken its time.
void check_all(const std::vector<Recipe>& recipes, const MergeOptions& options) {
  ModelOutput output = options.output;
  if (output.null_sink) throw OptionError("null_sink", "null writes no model that other recipes of the file could use");
  const bool all_have_names =
      std::ranges::all_of(recipes, [](const Recipe& recipe) { return recipe.name.has_value(); });
  if (all_have_names && !output.directory.empty())
    fail("{}: each recipe has a name, which says where it goes: {} has no use", options.recipe, output.directory);
  if (!all_have_names && output.directory.empty())
    fail("{}: the recipe without a name needs an output of its own", options.recipe);
  if (!all_have_names && !output.resume) refuse_existing(output.directory, output.force);
  for (const Recipe& recipe : recipes)
    for (const std::string& model : recipe.model_names())
      if (!is_made_by(recipes, model)) open_causal_model(model, nullptr);
}

// Those with a name go to a directory of their own, and stay as they are where they are there already.
void merge_all(const std::vector<Recipe>& recipes, const std::string& yaml, const MergeOptions& options) {
  check_all(recipes, options);
  const fs::path directory = options.named_directory;
  for (const Recipe& each : recipes) {
    const Recipe recipe = with_models_in(directory, each, recipes);
    if (!recipe.name) {
      merge_one(recipe, yaml, options, options.output);
      continue;
    }
    ModelOutput output = options.output;
    output.directory = (directory / *recipe.name).string();
    if (fs::exists(output.directory) && !output.force)
      tell_note(fmt::format("{}: is there already{}; force makes it again", output.directory,
                            difference_from(output.directory, recipe)));
    else
      merge_one(recipe, yaml, options, output, "merging " + printable(*recipe.name));
  }
}

CheckedRecipe checked_recipe(const Recipe& recipe, const std::string& output) {
  const MergeCheck found = check_merge(recipe);
  CheckedRecipe result;
  result.method = recipe.method->name;
  result.method_title = recipe.method->title;
  result.method_reference = recipe.method->reference;
  for (const CheckedModel& model : found.models)
    result.inputs.push_back(
        {model.name, model.kind, model.tensors, model.bytes, model.vocabulary, recipe.is_base(model.name)});
  result.tensors = static_cast<int64_t>(found.planned.weights->tensors().size());
  result.bytes_written = found.bytes_written;
  result.bytes_read = found.bytes_read;
  result.memory = found.memory;
  result.passes = found.passes;
  if (found.planned.dtype) result.dtype = torch_name(*found.planned.dtype);
  result.free_on_disk = free_space(output.empty() ? fs::current_path() : fs::path(output));
  std::error_code error;
  result.output_exists = !output.empty() && fs::exists(fs::symlink_status(output, error));
  result.notes = found.planned.notes;
  return result;
}

}  // namespace

void build(const BuildOptions& options) {
  const CallListener listening(options.listener);
  check_output(options.output);
  const PlannedBuild planned(options);
  write(planned.output, options.output, planned.manifest);
  if (planned.inputs.base && !planned.recipe.base_model)
    tell_note(fmt::format("{} has no use for a base", planned.recipe.method->name));
}

Costs build_costs(const BuildOptions& options) {
  const CallListener listening(options.listener);
  require_at_least("max_shard_bytes", options.output.max_shard_bytes, 1);
  const PlannedBuild planned(options);
  for (const std::string& note : planned.output.notes) tell_note(note);
  const bool writes = !options.output.null_sink && !options.output.directory.empty();
  if (writes) check_output(planned.output, output_options(options.output), planned.manifest);
  const CheckpointPtr weights = cast(planned.output.weights, *planned.output.dtype);
  const int passes = passes_over_inputs(planned.recipe);
  Costs costs;
  costs.merges = 1;
  costs.bytes_read = bytes_to_read(planned, passes);
  costs.bytes_written = options.output.null_sink ? 0 : bytes_of(*weights);
  costs.memory = merge_memory(planned.recipe.base_model ? 3 : 2, passes);
  costs.weight_rate = measured_weight_rate(*weights);
  costs.seconds = costs.weight_seconds = static_cast<double>(bytes_of(*weights)) / costs.weight_rate;
  if (writes) costs.free_on_disk = free_space(options.output.directory);
  return costs;
}

void merge(const MergeOptions& options) {
  const CallListener listening(options.listener);
  if (options.named_directory.empty()) check_output(options.output);
  const std::string yaml = read_recipe_text_or_throw(options.recipe);
  std::vector<Recipe> recipes = parse_recipes_or_throw(yaml, options.recipe);
  if (options.named_directory.empty() && recipes.size() > 1)
    throw OptionError("named_directory", fmt::format("{} holds {} recipes; name a directory for those with a name",
                                                     options.recipe, recipes.size()));
  for (Recipe& recipe : recipes) set_seed(recipe, options.seed);
  if (!options.named_directory.empty()) return merge_all(recipes, yaml, options);
  merge_one(recipes.front(), yaml, options, options.output);
}

void extract(const ExtractOptions& options) {
  const CallListener listening(options.listener);
  check_output(options.output);
  if (options.vlm.empty() == options.rm.empty()) throw OptionError("vlm", "needs either a VLM or a reward model");
  const bool from_vlm = !options.vlm.empty();
  const std::string& source = from_vlm ? options.vlm : options.rm;
  const Dtype dtype = float_dtype_or_throw(options.dtype, Dtype::f32);
  Manifest manifest("extract", {{"dtype", torch_name(dtype)}});
  manifest.name_input(from_vlm ? "vlm" : "rm", source);
  manifest.name_input("instruct", options.instruct);
  const auto plan = from_vlm ? plan_extract_vlm : plan_extract_rm;
  PlannedOutput planned =
      plan(resolve_model(source), named_model("instruct", options.instruct), dtype, manifest.watcher());
  planned.texts.merge(card_of(options));
  write(planned, options.output, manifest);
}

void map(const MapOptions& options) {
  const CallListener listening(options.listener);
  check_output(options.output);
  OrderedJson settings = OrderedJson::object();
  if (!options.score_label.empty()) settings["score_label"] = options.score_label;
  Manifest manifest("map", std::move(settings));
  manifest.name_input("text", options.text);
  manifest.name_input("vlm", options.vlm);
  manifest.name_input("rm", options.rm);
  const ModelFiles text = named_model("text", options.text), vlm = named_model("vlm", options.vlm);
  PlannedOutput planned = plan_map(text, vlm, named_model("rm", options.rm), manifest.watcher(), options.score_label);
  planned.texts.merge(card_of(options));
  write(planned, options.output, manifest);
}

void check(const CheckOptions& options, const std::function<void(const CheckedRecipe&)>& checked) {
  const CallListener listening(options.listener);
  const std::vector<Recipe> recipes = parse_recipes_or_throw(read_recipe_text_or_throw(options.recipe), options.recipe);
  for (const Recipe& recipe : recipes) {
    const bool several = recipes.size() > 1;
    const std::string output = several && recipe.name ? "" : options.output;
    const std::vector<std::string> models = recipe.model_names();
    const auto made = std::ranges::find_if(models, [&](const auto& model) { return is_made_by(recipes, model); });
    const bool is_made = several && made != models.end();
    CheckedRecipe result = is_made ? CheckedRecipe() : checked_recipe(recipe, output);
    result.one_of_several = several;
    result.name = recipe.name;
    if (is_made) result.made_by = *made;
    checked(result);
    if (is_made || output.empty()) continue;
    require_writable(output);
    require_space(output, result.bytes_written);
  }
}

}  // namespace vlrm
