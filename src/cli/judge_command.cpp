// vlrm judge: a vision-language model's opinion of responses.
#include <map>

#include "base/error.h"
#include "cli/benchmark_options.h"
#include "cli/commands.h"
#include "cli/writing_options.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr int64_t kJudgementTokens = 2048;  // as the reference

const std::map<std::string, Judging> kJudgings{
    {"score", Judging::score}, {"likelihood", Judging::likelihood}, {"pairwise", Judging::pairwise}};

struct JudgeFlags {
  WritingFlags writing;
  BenchmarkFlags benchmark;
  std::string judge = "score", prompt, system_prompt, label;
};

void judge(const JudgeFlags& flags) {
  flags.writing.model.check("judge");
  JudgeJobOptions options;
  options.judging = kJudgings.at(flags.judge);
  if (options.judging == Judging::likelihood && flags.writing.sets_how_texts_are_written())
    fail(
        "judge: --judge likelihood has nothing written: --temperature, --top-k, --top-p, --repetition-penalty and "
        "--max-new-tokens do not go with it");
  if (!flags.prompt.empty()) options.prompt = flags.prompt;
  if (!flags.system_prompt.empty()) options.system_prompt = flags.system_prompt;
  const std::shared_ptr<const WritingJob> job =
      judge_job(flags.benchmark.open("judge", flags.writing.data, ResponsesFile::responses), options);
  const fs::path folder = flags.writing.output;
  const std::string label = flags.label.empty() ? "judge (" + flags.judge + ")" : flags.label;
  flags.writing.run("judge", job, {folder / "results.jsonl", folder / "run.json"}, kJudgementTokens,
                    {{"label", label}});
}

}  // namespace

void add_judge_command(CLI::App& program) {
  auto flags = std::make_shared<JudgeFlags>();
  CLI::App* command = program.add_subcommand("judge", "Let a vision-language model judge responses");
  command->footer(
      "Examples:\n"
      "  vlrm judge --model VLM --task vl-rewardbench -o results/judge\n"
      "  vlrm judge --model VLM --task textvqa_val --responses textvqa_val.jsonl -o results/judge\n"
      "  vlrm judge --model VLM --task vl-rewardbench --judge pairwise -o results/pairwise\n"
      "  vlrm results results/*\n\n"
      "score: the model gives reasons and a number; the score is the first number after the last \"Overall\", else the "
      "last one, else 0. likelihood: nothing is written; the score is the number from 1 to 5 that is to be expected. "
      "pairwise: each two responses side by side in both orders; the score is the share that a response wins. "
      "A prompt template has {INSTRUCTION}, {ANSWER} (pairwise: {ANSWER_A}, {ANSWER_B}) and <|image|> (else images "
      "stand "
      "before {INSTRUCTION}). A killed run continues where it ended.");
  flags->writing.declare(*command, "the task's id there", "The result folder");
  declare_task(*command, flags->benchmark.task, all_benchmarks(), "Whose responses are judged");
  command->add_option("--responses", flags->benchmark.responses, "JSON lines: id, input, responses, correctness");
  command->add_option("--judge", flags->judge, "score, likelihood or pairwise")
      ->check(CLI::IsMember({"score", "likelihood", "pairwise"}))
      ->capture_default_str();
  command->add_option("--prompt-template", flags->prompt, "A file in place of the program's own wording");
  command->add_option("--system-prompt", flags->system_prompt, "A file with the system's message");
  command->add_option("--label", flags->label, "The row's name in tables");
  command->callback([flags] { judge(*flags); });
}

}  // namespace vlrm
