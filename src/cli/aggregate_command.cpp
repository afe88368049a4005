// vlrm aggregate: lmms-eval's sample logs as a file of responses.
#include "base/atomic_output.h"
#include "base/error.h"
#include "base/listening.h"
#include "cli/benchmark_options.h"
#include "cli/commands.h"
#include "tasks/sample_logs.h"

namespace vlrm {
namespace {

struct AggregateFlags {
  std::string directory, task, output;
  bool force = false;
};

void aggregate(const AggregateFlags& flags) {
  AtomicFiles file({flags.output}, flags.force);
  const AggregatedAnswers answers =
      aggregate_sample_logs(flags.directory, *find_benchmark(all_benchmarks(), flags.task)->answers);
  file.commit({answers.lines});
  tell_status(fmt::format("{}: {} questions, {} responses from {} files", flags.output, answers.questions,
                          answers.responses, answers.files));
  if (answers.uneven) tell_note("not all questions have as many responses");
}

}  // namespace

void add_aggregate_command(CLI::App& program) {
  auto flags = std::make_shared<AggregateFlags>();
  CLI::App* command = program.add_subcommand("aggregate", "Make a file of responses from lmms-eval's sample logs");
  command->footer(
      "Example:\n"
      "  vlrm aggregate logs/textvqa_val --task textvqa_val -o best_of_n/textvqa_val.jsonl\n\n"
      "Reads every .jsonl under the directory, in the order of their paths. vlrm answers writes such a file itself.");
  command->add_option("DIR", flags->directory, "Where lmms_eval --log_samples --output_path wrote")->required();
  declare_task(*command, flags->task, benchmarks_to_answer(), "What was answered")->required();
  command->add_option("-o,--output", flags->output, "The file of responses")->required();
  command->add_flag("--force", flags->force, "Replace the output where it exists");
  command->callback([flags] { aggregate(*flags); });
}

}  // namespace vlrm
