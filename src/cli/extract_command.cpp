// vlrm extract: the text part of a VLM, or the backbone of a reward model, as a Llama of its own.
#include <memory>

#include "base/error.h"
#include "build/steps.h"
#include "cli/commands.h"
#include "cli/merge_options.h"
#include "weights/model_files.h"

namespace vlrm {
namespace {

struct ExtractOptions {
  std::string vlm, rm, instruct, dtype = "float32";
  OutputFlags output;
};

void run_extract(const ExtractOptions& options) {
  options.output.options();  // complains before any work
  if (options.vlm.empty() == options.rm.empty()) fail("extract: needs either --vlm or --rm");
  const bool from_vlm = !options.vlm.empty();
  const std::string& source = from_vlm ? options.vlm : options.rm;
  const Dtype dtype = dtype_option_or_throw(options.dtype);
  Manifest manifest("extract", {{"dtype", torch_name(dtype)}});
  manifest.name_input(from_vlm ? "vlm" : "rm", source);
  manifest.name_input("instruct", options.instruct);
  const auto plan = from_vlm ? plan_extract_vlm : plan_extract_rm;
  const auto planned = plan(resolve_model(source), resolve_model(options.instruct), dtype, manifest.watcher());
  write_and_report(planned, options.output, manifest);
}

}  // namespace

void add_extract_command(CLI::App& program) {
  auto* command = program.add_subcommand("extract", "Take the text part out of a VLM or a reward model");
  const auto options = std::make_shared<ExtractOptions>();
  command->add_option("--vlm", options->vlm, "Vision-language model to take the text part of");
  command->add_option("--rm", options->rm, "Reward model to take the backbone of");
  command->add_option("--instruct", options->instruct, "Llama of the same shape: gives config and lm_head")->required();
  command->add_option("--dtype", options->dtype, "bfloat16, float16 or float32")->capture_default_str();
  options->output.declare(*command);
  command->footer(
      "vlrm build does this by itself; it is here for merging with other tools. Examples:\n"
      "  vlrm extract --vlm meta-llama/Llama-3.2-11B-Vision-Instruct --instruct meta-llama/Llama-3.1-8B-Instruct \\\n"
      "    -o models/mllama_t\n"
      "  vlrm extract --rm allenai/llama-3.1-tulu-2-8b-uf-mean-rm --instruct meta-llama/Llama-3.1-8B-Instruct \\\n"
      "    -o models/tulu_t");
  command->callback([options] { run_extract(*options); });
}

}  // namespace vlrm
