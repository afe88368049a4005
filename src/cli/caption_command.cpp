// vlrm caption: descriptions of a benchmark's images, for the cascade.
#include "base/error.h"
#include "cli/benchmark_options.h"
#include "cli/commands.h"
#include "cli/writing_options.h"
#include "writing/own_prompts.h"

namespace vlrm {
namespace {

constexpr int64_t kCaptionTokens = 2048;  // as the reference

struct CaptionFlags {
  WritingFlags writing;
  BenchmarkFlags benchmark;
  std::string prompt;
};

// Captions are found by the ids of rows.
Benchmarks benchmarks_with_ids() {
  Benchmarks all = all_benchmarks();
  std::erase_if(all, [](const BenchmarkSpec* spec) { return !spec->kind.shape.has_id; });
  return all;
}

void caption(const CaptionFlags& flags) {
  flags.writing.model.check("caption");
  PromptTemplate prompt =
      flags.prompt.empty() ? default_caption_prompt()
                           : PromptTemplate::parse_or_throw(read_prompt_text_or_throw(flags.prompt), {}, flags.prompt);
  const std::shared_ptr<const WritingJob> job =
      caption_job(flags.benchmark.open("caption", flags.writing.data, ResponsesFile::questions), std::move(prompt));
  flags.writing.run("caption", job, {flags.writing.output, flags.writing.output + ".run.json"}, kCaptionTokens);
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
  flags->writing.declare(*command, "the task's id there", "The file of captions");
  declare_task(*command, flags->benchmark.task, benchmarks_with_ids(), "Whose images are described");
  command->add_option("--responses", flags->benchmark.responses,
                      "JSON lines with id and input: the questions of other tasks");
  command->add_option("--prompt-template", flags->prompt, "A file in place of the program's own wording");
  command->callback([flags] { caption(*flags); });
}

}  // namespace vlrm
