// vlrm merge: a mergekit recipe over Llamas.
#include <memory>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/merge_options.h"

namespace vlrm {
namespace {

struct MergeOptions {
  std::string recipe;
  SeedFlag seed;
  OutputFlags output;
};

void run_merge(const MergeOptions& options) {
  options.output.options();  // complains before any work
  Recipe recipe = read_recipe_or_throw(options.recipe);
  options.seed.apply(recipe);
  Manifest manifest("merge", {{"recipe", recipe_to_json(recipe)}, {"seed", recipe.seed}});
  const auto planned = plan_merge_models(recipe, manifest.watcher());
  write_and_report(planned, options.output, manifest);
}

}  // namespace

void add_merge_command(CLI::App& program) {
  auto* command = program.add_subcommand("merge", "Merge Llamas by a mergekit YAML");
  const auto options = std::make_shared<MergeOptions>();
  command->add_option("CONFIG", options->recipe, "The YAML; models in it are directories (from here) or hub ids")
      ->required();
  options->seed.declare(*command);
  options->output.positional = true;
  options->output.declare(*command);
  command->footer("Example:\n  vlrm merge ties.yaml models/merged_t");
  command->callback([options] { run_merge(*options); });
}

}  // namespace vlrm
