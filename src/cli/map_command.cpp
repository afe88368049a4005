// vlrm map: a merged Llama back onto its VLM, with the reward model's score head.
#include <memory>

#include "base/error.h"
#include "build/steps.h"
#include "cli/commands.h"
#include "cli/merge_options.h"
#include "weights/model_files.h"

namespace vlrm {
namespace {

struct MapOptions {
  std::string text, vlm, rm;
  OutputFlags output;
};

void run_map(const MapOptions& options) {
  options.output.options();  // complains before any work
  Manifest manifest("map", OrderedJson::object());
  manifest.name_input("text", options.text);
  manifest.name_input("vlm", options.vlm);
  manifest.name_input("rm", options.rm);
  const auto planned =
      plan_map(resolve_model(options.text), resolve_model(options.vlm), resolve_model(options.rm), manifest.watcher());
  write_and_report(planned, options.output, manifest);
}

}  // namespace

void add_map_command(CLI::App& program) {
  auto* command = program.add_subcommand("map", "Put a merged text model back onto its VLM, with a score head");
  const auto options = std::make_shared<MapOptions>();
  command->add_option("--text", options->text, "The merged Llama")->required();
  command->add_option("--vlm", options->vlm, "The VLM whose text part it replaces")->required();
  command->add_option("--rm", options->rm, "The reward model that gives the score head")->required();
  options->output.declare(*command);
  command->footer(
      "vlrm build does this by itself; it is here for merging with other tools. Example:\n"
      "  vlrm map --text models/merged_t --vlm meta-llama/Llama-3.2-11B-Vision-Instruct \\\n"
      "    --rm allenai/llama-3.1-tulu-2-8b-uf-mean-rm -o vlrm");
  command->callback([options] { run_map(*options); });
}

}  // namespace vlrm
