// vlrm build: a vision-language reward model from a VLM, a reward model and their base.
#include <memory>

#include "architecture/architecture.h"
#include "base/error.h"
#include "base/tell.h"
#include "build/steps.h"
#include "cli/commands.h"
#include "cli/merge_options.h"
#include "weights/model_files.h"

namespace vlrm {
namespace {

struct BuildOptions {
  std::string vlm, rm, base, recipe_file, dtype = "bfloat16";
  RecipeFlags recipe;
  SeedFlag seed;
  OutputFlags output;
};

Recipe recipe_of(const BuildOptions& options) {
  if (options.recipe_file.empty()) {
    if (options.recipe.method.empty()) fail("build: needs --method with its options, or --recipe FILE");
    return recipe_from_flags(options.recipe);
  }
  const RecipeFlags& flags = options.recipe;
  if (!flags.method.empty() || flags.weight || flags.weight_vlm || flags.weight_rm || flags.density ||
      flags.normalize || flags.rescale)
    fail("build: --recipe says all about the merge; of the options only --seed goes with it");
  return read_recipe_or_throw(options.recipe_file);
}

void run_build(const BuildOptions& options) {
  options.output.options();  // complains before any work
  const Dtype dtype = dtype_option_or_throw(options.dtype);
  Recipe recipe = recipe_of(options);
  options.seed.apply(recipe);
  BuildInputs inputs{resolve_model(options.vlm), resolve_model(options.rm), std::nullopt};
  if (!options.base.empty()) inputs.base = resolve_model(options.base);
  if (recipe.from_options)
    recipe.pad_to_multiple_of = ModelConfig::from_directory(inputs.vlm.directory).architecture->padding;

  OrderedJson settings = recipe_settings(recipe, build_roles(recipe));
  settings["dtype"] = torch_name(dtype);
  Manifest manifest("build", std::move(settings));
  manifest.name_input("vlm", options.vlm);
  manifest.name_input("rm", options.rm);
  manifest.name_input("base", options.base);
  const auto planned = plan_build(inputs, recipe, dtype, manifest.watcher());
  write_and_report(planned, options.output, manifest);
  if (inputs.base && !recipe.base_model) tell(fmt::format("note: {} has no use for a base", recipe.method->name));
}

}  // namespace

void add_build_command(CLI::App& program) {
  auto* command = program.add_subcommand("build", "Build a vision-language reward model by merging weights");
  const auto options = std::make_shared<BuildOptions>();
  command->add_option("--vlm", options->vlm, "Vision-language model: a directory or a hub id")->required();
  command->add_option("--rm", options->rm, "Text reward model (Llama with a one-value score head)")->required();
  command->add_option("--base", options->base, "The Llama that both were tuned from; all methods but linear need it");
  command->add_option("--recipe", options->recipe_file, "mergekit YAML in place of --method and its options");
  command->add_option("--dtype", options->dtype, "bfloat16, float16 or float32")->capture_default_str();
  add_recipe_flags(*command, options->recipe);
  options->seed.declare(*command);
  options->output.declare(*command);
  command->footer(
      "Example:\n"
      "  vlrm build --vlm meta-llama/Llama-3.2-11B-Vision-Instruct --rm allenai/llama-3.1-tulu-2-8b-uf-mean-rm \\\n"
      "    --base meta-llama/Llama-3.1-8B --method ties --weight 0.7 --density 0.4 -o vlrm-ties");
  command->callback([options] { run_build(*options); });
}

}  // namespace vlrm
