// vlrm answers: candidate answers for best-of-N.
#include <memory>

#include "cli/benchmark_options.h"
#include "cli/commands.h"
#include "cli/usage_errors.h"
#include "cli/writing_options.h"

namespace vlrm {
namespace {

struct AnswersFlags {
  WritingFlags writing;
  AnswersOptions answers;
};

void run_answers(const AnswersFlags& flags) {
  AnswersOptions options = flags.answers;
  options.write = flags.writing.options();
  answers(options);
}

}  // namespace

void add_answers_command(CLI::App& program) {
  auto flags = std::make_shared<AnswersFlags>();
  CLI::App* command = program.add_subcommand("answers", "Write and mark candidate answers for best-of-N");
  command->footer(
      "Examples:\n"
      "  vlrm answers --model VLM --task textvqa_val -o best_of_n/textvqa_val.jsonl\n"
      "  vlrm eval best-of-n --task textvqa_val --responses best_of_n/textvqa_val.jsonl --model OUT -o "
      "results/textvqa\n"
      "  vlrm answers --model VLM --task my_task.yml -o my_answers.jsonl\n\n"
      "Writes a line a question: id, question, answers (or subject and answer), input, responses, correctness. Each "
      "question is saved as it is finished; a killed run continues where it ended. Answer i is drawn with seed + i. A "
      "task of "
      "your own is a YAML file, which docs/writing.md describes.");
  flags->writing.write.sampling.temperature = 1;
  flags->writing.declare(*command, "the task's own", "The file of responses");
  declare_task_or_file(*command, flags->answers.task, benchmarks_to_answer(), "What is answered")->required();
  command->add_option("-n", flags->answers.texts, "Answers per question")
      ->check(whole_number(1))
      ->capture_default_str();
  command->add_option("--seed", flags->answers.first_seed, "Seed of the first answer; answer i uses seed + i")
      ->check(whole_number(0))
      ->capture_default_str();
  command->callback([flags] { run_answers(*flags); });
}

}  // namespace vlrm
