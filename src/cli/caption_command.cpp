// vlrm caption: descriptions of a benchmark's images, for the cascade.
#include "base/error.h"
#include "cli/commands.h"
#include "cli/writing_options.h"
#include "writing/own_prompts.h"

namespace vlrm {
namespace {

constexpr int64_t kCaptionTokens = 2048;  // as the reference

struct CaptionFlags {
  WritingFlags writing;
  std::string task, responses, prompt;
};

std::shared_ptr<const Benchmark> benchmark_of(const CaptionFlags& flags) {
  const bool has_questions = flags.task == "vl_rewardbench";
  if (has_questions && !flags.responses.empty()) fail("caption: --responses does not go with vl_rewardbench");
  if (has_questions) return open_vl_rewardbench(flags.writing.data);
  if (flags.responses.empty())
    fail("caption: --task {} needs --responses FILE, whose lines have the questions as \"input\"",
         printable(flags.task));
  return open_best_of_n(flags.task, flags.responses, flags.writing.data, true, ResponsesFile::questions);
}

void caption(const CaptionFlags& flags) {
  flags.writing.model.check("caption");
  PromptTemplate prompt =
      flags.prompt.empty() ? default_caption_prompt()
                           : PromptTemplate::parse_or_throw(read_prompt_text_or_throw(flags.prompt), {}, flags.prompt);
  const std::shared_ptr<const WritingJob> job = caption_job(benchmark_of(flags), std::move(prompt));
  flags.writing.run("caption", job, {flags.writing.output, flags.writing.output + ".run.json"}, kCaptionTokens);
}

}  // namespace

void add_caption_command(CLI::App& program) {
  auto flags = std::make_shared<CaptionFlags>();
  CLI::App* command = program.add_subcommand("caption", "Describe a benchmark's images, for eval --mode cascade");
  command->footer(
      "Examples:\n"
      "  vlrm caption --model VLM --task vl_rewardbench -o captions.json\n"
      "  vlrm caption --model VLM --task textvqa_val --responses textvqa_val.jsonl -o captions.json\n"
      "  vlrm eval vl-rewardbench --model RM --mode cascade --captions captions.json -o results/cascade\n\n"
      "Writes {\"id\": \"caption\", …}. Each caption is saved as it is finished; a killed run continues where it "
      "ended. "
      "A prompt template is a text with {INSTRUCTION} where the question goes and <|image|> where the images go.");
  flags->writing.declare(*command, "the task's id there", "The file of captions");
  command->add_option("--task", flags->task, "Whose images are described")
      ->check(CLI::IsMember(
          {"vl_rewardbench", "textvqa_val", "textvqa_train_100", "mmmu_pro_standard_cot", "mmmu_pro_vision_cot"}))
      ->required();
  command->add_option("--responses", flags->responses, "JSON lines with id and input: the questions of other tasks");
  command->add_option("--prompt-template", flags->prompt, "A file in place of the program's own wording");
  command->callback([flags] { caption(*flags); });
}

}  // namespace vlrm
