// vlrm map: a merged text model back onto its VLM, with the reward model's score head.
#include <memory>

#include "base/error.h"
#include "build/steps.h"
#include "cli/commands.h"
#include "cli/merge_options.h"
#include "cli/model_options.h"

namespace vlrm {
namespace {

struct MapFlags {
  MapOptions map;
  OutputFlags output;
};

void run_map(const MapFlags& flags) {
  MapOptions options = flags.map;
  options.output = flags.output.output();
  flags.output.need_directory();
  map(options);
}

}  // namespace

void add_map_command(CLI::App& program) {
  auto* command = program.add_subcommand("map", "Put a merged text model back onto its VLM, with a score head");
  const auto flags = std::make_shared<MapFlags>();
  MapOptions* const options = &flags->map;
  command->add_option("--text", options->text, "The merged text model")->required();
  command->add_option("--vlm", options->vlm, "The VLM whose text part it replaces")->required();
  command->add_option("--rm", options->rm, "The reward model that gives the score head")->required();
  declare_score_label(*command, options->score_label, "--score-label,--label");
  flags->output.declare(*command);
  command->footer(
      "vlrm build does this by itself; it is here for merging with other tools. Example:\n"
      "  vlrm map --text models/merged_t --vlm meta-llama/Llama-3.2-11B-Vision-Instruct \\\n"
      "    --rm allenai/llama-3.1-tulu-2-8b-uf-mean-rm -o vlrm");
  command->callback([flags] { run_map(*flags); });
}

}  // namespace vlrm
