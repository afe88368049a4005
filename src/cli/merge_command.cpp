// vlrm merge: a mergekit recipe over models of one kind.
#include <memory>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/merge_options.h"
#include "cli/model_options.h"

namespace vlrm {
namespace {

struct MergeFlags {
  MergeOptions merge;
  OutputFlags output;
};

void run_merge(const MergeFlags& flags) {
  MergeOptions options = flags.merge;
  options.output = flags.output.output();
  const bool several = !options.named_directory.empty();
  if (!several) flags.output.need_directory();
  merge(options);
}

}  // namespace

void add_merge_command(CLI::App& program) {
  auto* command = program.add_subcommand("merge", "Merge models by a mergekit YAML");
  const auto flags = std::make_shared<MergeFlags>();
  MergeOptions* const options = &flags->merge;
  command->add_option("CONFIG", options->recipe, "The YAML; models in it are directories (from here) or hub ids")
      ->required();
  command->add_option(
      "--intermediate-dir", options->named_directory,
      "Of a file with several recipes (YAML documents with a \"name\", by which they can use each other): "
      "where the models of those with a name go");
  command->add_flag("!--no-model-card", options->card, "Write no README.md and no mergekit_config.yml");
  declare_seed(*command, options->seed);
  flags->output.positional = true;
  flags->output.declare(*command);
  command->footer("Example:\n  vlrm merge ties.yaml models/merged_t");
  command->callback([flags] { run_merge(*flags); });
}

}  // namespace vlrm
