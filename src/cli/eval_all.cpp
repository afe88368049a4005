#include "cli/eval_all.h"

#include <vlrm/evaluate.h>

#include <memory>

#include "base/error.h"
#include "cli/benchmark_options.h"
#include "cli/model_options.h"
#include "cli/printed_tables.h"
#include "cli/usage_errors.h"
#include "results/gathered.h"
#include "results/tables.h"
#include "tasks/benchmark_table.h"

namespace vlrm {
namespace {

struct AllFlags {
  ModelFlags model;
  EvaluateAllOptions all;
  std::vector<std::string> data, responses;
};

std::map<std::string, std::string> by_name(const std::string& option, const std::vector<std::string>& texts) {
  return values_by_name(texts, [&](const std::string& text, bool has_name) {
    if (!has_name) fail("{} {}: is not BENCHMARK=PLACE, as in vl-rewardbench=DIR", option, printable(text));
    fail("{} {}: {} is named twice", option, printable(text), printable(text.substr(0, text.find('='))));
  });
}

void print_results(const std::string& folder) {
  ResultsOptions options;
  options.results = {folder};
  const GatheredResults results = gather_results(options, all_kinds());
  print_tables(benchmark_tables(results.runs, {}), Layout::text);
}

void run_all(const AllFlags& flags) {
  EvaluateAllOptions options = flags.all;
  options.evaluate.model = flags.model.options;
  options.data = by_name("--data", flags.data);
  options.responses = by_name("--responses", flags.responses);
  if (options.evaluate.output.empty()) fail("no output: -o names the folder of all results");
  evaluate_all(options);
  print_results(options.evaluate.output);
}

}  // namespace

void add_eval_all(CLI::App& eval) {
  const auto flags = std::make_shared<AllFlags>();
  EvaluateOptions& evaluate = flags->all.evaluate;
  CLI::App* command = eval.add_subcommand("all", "Every benchmark whose data is there; the model is loaded once");
  flags->model.score_label = "--score-label";  // --label is the row's name
  flags->model.declare(*command);
  command
      ->add_option("--data", flags->data,
                   "Where a dataset is, as BENCHMARK=PLACE (default: the hub cache); BENCHMARK is one of " +
                       names_of(all_benchmarks()))
      ->delimiter(',')
      ->allow_extra_args(false);
  command
      ->add_option("--responses", flags->responses,
                   "Files of responses, as TASK=FILE; TASK is one of " + names_of(benchmarks_to_answer()))
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--mode", evaluate.mode, "image, no-image or text-only")
      ->check(one_of({"image", "no-image", "text-only"}))
      ->capture_default_str();
  command->add_option("-o,--output", evaluate.output, "The folder: one of results for each benchmark, and report.html");
  command->add_option("--label", evaluate.label, "The row's name in tables (default: the model's)");
  declare_limit(*command, evaluate.limit, "rows of each");
  declare_batch_size(*command, evaluate.batch_samples, "--batch-samples", "Rows computed together");
  command->add_flag("--force", evaluate.force, "Start again where results exist");
  declare_resume_mixed(*command, evaluate.resume_mixed);
  command->footer(
      "Example:\n"
      "  vlrm eval all --model OUT --data vl-rewardbench=DIR --responses textvqa_val=textvqa_val.jsonl -o "
      "results/all\n\n"
      "A killed run continues where it ended. A benchmark that fails does not stop the others.");
  command->callback([flags] { run_all(*flags); });
}

}  // namespace vlrm
