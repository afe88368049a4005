// vlrm judge: a vision-language model's opinion of responses.
#include <memory>

#include "base/error.h"
#include "cli/benchmark_options.h"
#include "cli/commands.h"
#include "cli/usage_errors.h"
#include "cli/writing_options.h"

namespace vlrm {
namespace {

struct JudgeFlags {
  WritingFlags writing;
  JudgeOptions judge;
};

void run_judge(const JudgeFlags& flags) {
  JudgeOptions options = flags.judge;
  options.write = flags.writing.options();
  if (options.judging == "likelihood" && flags.writing.sets_how_texts_are_written())
    fail(
        "judge: --judge likelihood has nothing written: --temperature, --top-k, --top-p, --repetition-penalty and "
        "--max-new-tokens do not go with it");
  judge(options);
}

}  // namespace

void add_judge_command(CLI::App& program) {
  auto flags = std::make_shared<JudgeFlags>();
  CLI::App* command =
      program.add_subcommand("judge", "Let a model judge responses: a text model does so without the images");
  command->footer(
      "Examples:\n"
      "  vlrm judge --model VLM --task vl-rewardbench -o results/judge\n"
      "  vlrm judge --model VLM --task textvqa_val --responses textvqa_val.jsonl -o results/judge\n"
      "  vlrm judge --model VLM --task vl-rewardbench --judge pairwise -o results/pairwise\n"
      "  vlrm results results/*\n\n"
      "score: the model gives reasons and a number; the score is the first number after the last \"Overall\", else the "
      "last one, else 0. likelihood: nothing is written; the score is the number from 1 to 5 that is to be expected. "
      "pairwise: each two responses side by side in both orders; the score is the fraction that a response wins. "
      "A prompt template has {INSTRUCTION}, {ANSWER} (pairwise: {ANSWER_A}, {ANSWER_B}) and <|image|> (else images "
      "stand "
      "before {INSTRUCTION}). A killed run continues where it ended.");
  flags->writing.declare(*command, "the task's own", "The result folder");
  declare_task_or_file(*command, flags->judge.task, all_benchmarks(), "Whose responses are judged")->required();
  command->add_option("--responses", flags->judge.responses, "JSON lines: id, input, responses, correctness");
  command->add_option("--judge", flags->judge.judging, "score, likelihood or pairwise")
      ->check(one_of({"score", "likelihood", "pairwise"}))
      ->capture_default_str();
  command->add_option("--prompt-template", flags->judge.prompt_template,
                      "A file in place of the program's own wording");
  command->add_option("--system-prompt", flags->judge.system_prompt, "A file with the system's message");
  command->add_option("--label", flags->judge.label, "The row's name in tables");
  command->callback([flags] { run_judge(*flags); });
}

}  // namespace vlrm
