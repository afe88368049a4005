#include <functional>

#include "base/error.h"
#include "base/tell.h"
#include "cli/commands.h"
#include "cli/model_options.h"
#include "cli/usage_errors.h"
#include "eval/evaluation.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

struct EvalFlags {
  ModelFlags model;
  DatasetName data;
  std::string task, responses, captions, mode = "image", output, label;
  int64_t batch_samples = 8;
  bool force = false;
};

using OpenBenchmark = std::function<std::unique_ptr<Benchmark>(const EvalFlags& flags, EvaluationMode mode)>;

// The row's name in a table, where the user gives none.
std::string usual_label(const EvalFlags& flags, EvaluationMode mode) {
  if (mode == EvaluationMode::random) return "random";
  const fs::path name = flags.model.recipe.empty() ? fs::path(flags.model.model) : fs::path(flags.model.recipe).stem();
  const std::string text = (name.has_filename() ? name : name.parent_path()).filename().string();
  const std::string asked = flags.model.likelihood ? text + " likelihood" : text;
  return mode == EvaluationMode::image ? asked : fmt::format("{} ({})", asked, evaluation_mode_name(mode));
}

EvaluationOptions evaluation_options(const EvalFlags& flags, EvaluationMode mode) {
  EvaluationOptions options;
  options.mode = mode;
  const bool cascade = mode == EvaluationMode::cascade;
  if (cascade != !flags.captions.empty()) fail("eval: --captions FILE and --mode cascade go together");
  if (cascade) options.captions = Captions::read_or_throw(flags.captions);
  options.output = flags.output;
  options.label = flags.label.empty() ? usual_label(flags, mode) : flags.label;
  options.batch_samples = flags.batch_samples;
  options.force = flags.force;
  return options;
}

void tell_progress(const Evaluation& evaluation, const EvalFlags& flags) {
  if (evaluation.finished())
    tell(fmt::format("{}: all {} rows are there already", flags.output, evaluation.total()));
  else if (evaluation.done() > 0)
    tell(fmt::format("{}: going on after {} of {} rows", flags.output, evaluation.done(), evaluation.total()));
}

void evaluate(const EvalFlags& flags, const OpenBenchmark& open_benchmark) {
  const EvaluationMode mode = evaluation_mode_or_throw(flags.mode);
  EvaluationOptions options = evaluation_options(flags, mode);
  if (mode == EvaluationMode::random) {
    Evaluation evaluation(open_benchmark(flags, mode), std::move(options));
    tell_progress(evaluation, flags);
    if (!evaluation.finished()) evaluation.draw();
    return;
  }
  flags.model.check("eval");
  const ScorerModel model = flags.model.open();
  std::shared_ptr<const Benchmark> benchmark = open_benchmark(flags, mode);
  ScorerOptions scorer_options = flags.model.scorer_options(scorer_mode(mode));
  if (benchmark->drops_alpha()) scorer_options.decode.alpha = DecodeOptions::Alpha::drop;
  options.model_settings = flags.model.settings(model, scorer_options);
  Evaluation evaluation(benchmark, std::move(options));
  tell_progress(evaluation, flags);
  if (evaluation.finished()) return;
  Scorer scorer(model, scorer_options, flags.model.backend_options(model));
  evaluation.score(scorer);
}

// The options that all benchmarks share. Gives the command, for its own.
CLI::App* declare(CLI::App& eval, const std::string& name, const std::string& what,
                  const std::shared_ptr<EvalFlags>& flags, const OpenBenchmark& open_benchmark) {
  CLI::App* command = eval.add_subcommand(name, what);
  flags->model.declare(*command);
  command->add_option(
      "--data", flags->data.data,
      "The dataset: a directory or file (parquet, Arrow, JSON lines), or an id in the hub's local cache "
      "(default: the benchmark's id there)");
  command->add_option("--config", flags->data.config, "Of a dataset that has several");
  command->add_option("--split", flags->data.split, "Of a dataset that has several");
  command
      ->add_option("--mode", flags->mode,
                   "image; no-image: the same model without its image; text-only: a text reward model; cascade: the "
                   "same, reading a caption before the question; random: no model, scores are drawn")
      ->check(CLI::IsMember({"image", "no-image", "text-only", "cascade", "random"}))
      ->capture_default_str();
  command->add_option("--captions", flags->captions, "Of cascade: a JSON object, caption by id");
  command->add_option("-o,--output", flags->output, "The result folder")->required();
  command->add_option("--label", flags->label, "The row's name in tables (default: the model's)");
  command->add_option("--batch-samples", flags->batch_samples, "Rows computed together")
      ->check(whole_number(1))
      ->capture_default_str();
  command->add_flag("--force", flags->force, "Start anew where results exist");
  command->callback([flags, open_benchmark] { evaluate(*flags, open_benchmark); });
  return command;
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
      "  vlrm results results/*\n\n"
      "A killed run continues where it ended; finished work is left alone.");
  declare(*eval, "vl-rewardbench", "MMInstruction/VL-RewardBench: pairs in three groups", std::make_shared<EvalFlags>(),
          [](const EvalFlags& flags, EvaluationMode) { return open_vl_rewardbench(flags.data); });
  declare(*eval, "rlaif-v", "lca0503/rlaif_v_train_400: chosen against rejected", std::make_shared<EvalFlags>(),
          [](const EvalFlags& flags, EvaluationMode) { return open_rlaif_v(flags.data); });
  const auto flags = std::make_shared<EvalFlags>();
  CLI::App* best_of_n =
      declare(*eval, "best-of-n", "The best of several responses to TextVQA or MMMU-Pro", flags,
              [](const EvalFlags& given, EvaluationMode mode) {
                return open_best_of_n(given.task, given.responses, given.data, mode == EvaluationMode::image);
              });
  best_of_n->add_option("--task", flags->task, "textvqa_val, mmmu_pro_standard_cot or mmmu_pro_vision_cot")->required();
  best_of_n->add_option("--responses", flags->responses, "JSON lines: id, input, responses, correctness")->required();
}

}  // namespace vlrm
