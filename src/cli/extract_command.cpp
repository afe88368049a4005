// vlrm extract: the text part of a VLM, or the backbone of a reward model, as a text model of its own.
#include <memory>

#include "base/error.h"
#include "build/steps.h"
#include "cli/commands.h"
#include "cli/merge_options.h"

namespace vlrm {
namespace {

struct ExtractFlags {
  ExtractOptions extract;
  OutputFlags output;
};

void run_extract(const ExtractFlags& flags) {
  ExtractOptions options = flags.extract;
  options.output = flags.output.output();
  flags.output.need_directory();
  extract(options);
}

}  // namespace

void add_extract_command(CLI::App& program) {
  auto* command = program.add_subcommand("extract", "Take the text part out of a VLM or a reward model");
  const auto flags = std::make_shared<ExtractFlags>();
  ExtractOptions* const options = &flags->extract;
  command->add_option("--vlm", options->vlm, "Vision-language model to take the text part of");
  command->add_option("--rm", options->rm, "Reward model to take the backbone of");
  command->add_option("--instruct", options->instruct, "A language model of the same shape: gives config and lm_head")
      ->required();
  command->add_option("--dtype", options->dtype, "float32 (auto), bfloat16 or float16; also fp32, bf16, fp16")
      ->capture_default_str();
  flags->output.declare(*command);
  command->footer(
      "vlrm build does this by itself; it is here for merging with other tools. Examples:\n"
      "  vlrm extract --vlm meta-llama/Llama-3.2-11B-Vision-Instruct --instruct meta-llama/Llama-3.1-8B-Instruct \\\n"
      "    -o models/mllama_t\n"
      "  vlrm extract --rm allenai/llama-3.1-tulu-2-8b-uf-mean-rm --instruct meta-llama/Llama-3.1-8B-Instruct \\\n"
      "    -o models/tulu_t");
  command->callback([flags] { run_extract(*flags); });
}

}  // namespace vlrm
