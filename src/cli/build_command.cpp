// vlrm build: a vision-language reward model from a VLM, a reward model and their base.
#include <memory>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/costs_text.h"
#include "cli/merge_options.h"
#include "cli/model_options.h"
#include "cli/usage_errors.h"

namespace vlrm {
namespace {

struct BuildFlags {
  BuildOptions build;
  OutputFlags output;
  bool dry_run = false;
};

void run_build(const BuildFlags& flags) {
  BuildOptions options = flags.build;
  options.output = flags.output.output();
  if (flags.dry_run) return print_costs(build_costs(options));
  flags.output.need_directory();
  build(options);
}

}  // namespace

void add_build_command(CLI::App& program) {
  auto* command = program.add_subcommand("build", "Build a vision-language reward model by merging weights");
  const auto flags = std::make_shared<BuildFlags>();
  BuildOptions* const options = &flags->build;
  command->add_option("--vlm", options->vlm, "Vision-language model: a directory or a hub id")->required();
  command->add_option("--rm", options->rm, "Text reward model, with a text part of the VLM's shape")->required();
  command->add_option("--base", options->base,
                      "The text model that both were tuned from; all methods but linear need it");
  command->add_option("--recipe", options->recipe, "mergekit YAML in place of --method and its options");
  command->add_option("--dtype", options->dtype, "bfloat16 (auto), float16 or float32; also bf16, fp16, fp32")
      ->check(offering({"auto", "bfloat16", "float16", "float32"}))
      ->capture_default_str();
  declare_method(*command, *options);
  declare_seed(*command, options->seed);
  declare_score_label(*command, options->score_label, "--score-label,--label");
  flags->output.declare(*command);
  declare_dry_run(*command, flags->dry_run);
  command->footer(
      "Example:\n"
      "  vlrm build --vlm meta-llama/Llama-3.2-11B-Vision-Instruct --rm allenai/llama-3.1-tulu-2-8b-uf-mean-rm \\\n"
      "    --base meta-llama/Llama-3.1-8B --method ties --weight 0.7 --density 0.4 -o vlrm-ties");
  command->callback([flags] { run_build(*flags); });
}

}  // namespace vlrm
