// vlrm caption: descriptions of a benchmark's images, for the cascade.
#include <memory>

#include "cli/benchmark_options.h"
#include "cli/commands.h"
#include "cli/writing_options.h"

namespace vlrm {
namespace {

struct CaptionFlags {
  WritingFlags writing;
  CaptionOptions caption;
};

// Captions are found by the ids of rows.
Benchmarks benchmarks_with_ids() {
  Benchmarks all = all_benchmarks();
  std::erase_if(all, [](const BenchmarkSpec* spec) { return !spec->kind.shape.has_id; });
  return all;
}

void run_caption(const CaptionFlags& flags) {
  CaptionOptions options = flags.caption;
  options.write = flags.writing.options();
  caption(options);
}

}  // namespace

void add_caption_command(CLI::App& program) {
  auto flags = std::make_shared<CaptionFlags>();
  CLI::App* command = program.add_subcommand("caption", "Describe a benchmark's images, for eval --mode cascade");
  command->footer(
      "Examples:\n"
      "  vlrm caption --model VLM --task vl-rewardbench -o captions.json\n"
      "  vlrm caption --model VLM --task textvqa_val --responses textvqa_val.jsonl -o captions.json\n"
      "  vlrm eval vl-rewardbench --model RM --mode cascade --captions captions.json -o results/cascade\n\n"
      "Writes {\"id\": \"caption\", …}. Each caption is saved as it is finished; a killed run continues where it "
      "ended. "
      "A prompt template is a text with {INSTRUCTION} where the question goes and <|image|> where the images go.");
  flags->writing.declare(*command, "the task's own", "The file of captions");
  declare_task_or_file(*command, flags->caption.task, benchmarks_with_ids(), "Whose images are described")->required();
  command->add_option("--responses", flags->caption.responses,
                      "JSON lines with id and input: the questions of other tasks");
  command->add_option("--prompt-template", flags->caption.prompt_template,
                      "A file in place of the program's own wording");
  command->callback([flags] { run_caption(*flags); });
}

}  // namespace vlrm
