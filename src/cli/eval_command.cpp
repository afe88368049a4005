#include <memory>

#include "base/error.h"
#include "cli/benchmark_options.h"
#include "cli/commands.h"
#include "cli/costs_text.h"
#include "cli/model_options.h"
#include "cli/sweep_options.h"
#include "cli/usage_errors.h"

namespace vlrm {
namespace {

struct EvalFlags {
  ModelFlags model;
  SweepFlags sweep;
  EvaluateOptions evaluate;  // without the model
  bool dry_run = false;
};

void run_eval(const EvalFlags& flags) {
  EvaluateOptions options = flags.evaluate;
  options.model = flags.model.options;
  if (!flags.sweep.memory_limit.empty() && !flags.sweep.given())
    fail("--memory-limit goes only with --recipes or --sweep");
  if (options.output.empty() && !flags.dry_run) fail("no output: -o names the result folder");
  if (flags.sweep.given()) {
    const SweepOptions all = flags.sweep.options(std::move(options));
    flags.dry_run ? print_costs(sweep_costs(all)) : sweep(all);
  } else {
    flags.dry_run ? print_costs(evaluate_costs(options)) : evaluate(options);
  }
}

// The options that all benchmarks share. Gives the command, for its own.
CLI::App* declare(CLI::App& eval, const std::string& name, const std::string& what,
                  const std::shared_ptr<EvalFlags>& flags) {
  flags->evaluate.benchmark = name;
  CLI::App* command = eval.add_subcommand(name, what);
  if (with_underscores(name) != name) command->alias(with_underscores(name));
  flags->model.score_label = "--score-label";  // --label is the row's name
  flags->model.declare(*command);
  flags->sweep.declare(*command);
  command->add_option("--data", flags->evaluate.data.data,
                      "The dataset: a directory or file (parquet, Arrow, JSON lines), or a hub id "
                      "(default: the benchmark's own)");
  command->add_option("--config", flags->evaluate.data.config, "Which config, if the dataset has several");
  command->add_option("--split", flags->evaluate.data.split, "Which split, if the dataset has several");
  command
      ->add_option("--mode", flags->evaluate.mode,
                   "image; no-image: the same model without its image; text-only: a text reward model; cascade: the "
                   "same, reading a caption before the question; random: no model, scores are drawn")
      ->check(one_of({"image", "no-image", "text-only", "cascade", "random"}))
      ->capture_default_str();
  command->add_option("--captions", flags->evaluate.captions, "Of cascade: a JSON object, caption by id");
  command->add_option("-o,--output", flags->evaluate.output, "The result folder; of a sweep, the folder of theirs");
  command->add_option("--label", flags->evaluate.label, "The row's name in tables (default: the model's)");
  declare_limit(*command, flags->evaluate.limit, "rows");
  declare_batch_size(*command, flags->evaluate.batch_samples, "--batch-samples", "Rows computed together");
  command->add_flag("--force", flags->evaluate.force, "Start again where results exist");
  declare_resume_mixed(*command, flags->evaluate.resume_mixed);
  declare_dry_run(*command, flags->dry_run);
  command->callback([flags] { run_eval(*flags); });
  return command;
}

// Of data of the user's own.
void declare_own_data(CLI::App& command, EvaluateOptions& options, const std::string& columns) {
  command
      .add_option("--columns", options.columns,
                  "What your columns hold, where they are called otherwise: prompt=question,image=photo,group=kind; "
                  "known are " +
                      columns + ", id, image and group")
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_option("--name", options.name, "What tables call the data (default: as its file is called)");
}

void add_pairs(CLI::App& eval) {
  const auto flags = std::make_shared<EvalFlags>();
  CLI::App* command = declare(eval, "pairs", "Pairs of your own: prompt, images, chosen, rejected", flags);
  declare_own_data(*command, flags->evaluate, "prompt, chosen and rejected, or responses (two) and ranking");
  command->footer(
      "Examples:\n"
      "  vlrm eval pairs --data pairs.jsonl --model OUT -o results/mine\n"
      "  vlrm eval pairs --data me/pairs --split test --name \"My pairs\" --columns "
      "prompt=question,image=img,group=kind "
      "--model OUT -o results/mine\n\n"
      "TRL's layouts need no flags: prompt, chosen, rejected and images, texts or conversations.");
}

void add_best_of_n(CLI::App& eval) {
  const auto flags = std::make_shared<EvalFlags>();
  CLI::App* command =
      declare(eval, "best-of-n", "The best of several responses, of a known task or of your own data", flags);
  declare_task(*command, flags->evaluate.task, benchmarks_to_answer(), "What was answered");
  command->add_option("--responses", flags->evaluate.responses,
                      "JSON lines: id, input, responses, correctness (of your own data these may stand in --data)");
  declare_own_data(*command, flags->evaluate, "prompt, responses and correctness");
  command->footer(
      "Examples:\n"
      "  vlrm eval best-of-n --task textvqa_val --responses textvqa_val.jsonl --model OUT -o results/textvqa\n"
      "  vlrm eval best-of-n --data answers.parquet --columns prompt=question,correctness=marks --model OUT -o "
      "results/mine\n"
      "  vlrm eval best-of-n --responses answers.jsonl --data photos.parquet --columns id=photo_id --model OUT -o "
      "results/mine");
}

}  // namespace

void add_eval_command(CLI::App& program) {
  CLI::App* eval = program.add_subcommand("eval", "Run a benchmark: result rows in the reference's own fields");
  eval->require_subcommand(1);
  eval->footer(
      "Examples:\n"
      "  vlrm eval vl-rewardbench --model OUT -o results/ties\n"
      "  vlrm eval vl-rewardbench --model RM --mode cascade --captions captions.json -o results/cascade\n"
      "  vlrm eval best-of-n --task textvqa_val --responses textvqa_val.jsonl --model OUT -o results/textvqa\n"
      "  vlrm eval pairs --data pairs.jsonl --name \"My pairs\" --model OUT -o results/mine\n"
      "  vlrm eval vl-rewardbench --vlm VLM --rm RM --base BASE --sweep paper -o results/sweep\n"
      "  vlrm results results/*\n\n"
      "A killed run continues where it ended; finished work is left alone.");
  for (const BenchmarkSpec* spec : benchmarks_with_responses())
    declare(*eval, spec->name(), spec->summary, std::make_shared<EvalFlags>());
  add_pairs(*eval);
  add_best_of_n(*eval);
}

}  // namespace vlrm
