#include <functional>
#include <set>

#include "base/error.h"
#include "base/tell.h"
#include "cli/benchmark_options.h"
#include "cli/commands.h"
#include "cli/model_options.h"
#include "cli/sweep_options.h"
#include "cli/usage_errors.h"
#include "eval/sweep.h"
#include "results/result_folder.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

struct EvalFlags {
  ModelFlags model;
  SweepFlags sweep;
  DatasetName data;
  const BenchmarkSpec* task = nullptr;  // of best-of-n
  std::string responses, captions, mode = "image", output, label;
  int64_t batch_samples = 8;
  bool force = false, resume_mixed = false;
};

using OpenBenchmark = std::function<std::unique_ptr<Benchmark>(const EvalFlags& flags, EvaluationMode mode)>;

// The row's name in a table, where the user gives none: that of the model or the recipe.
std::string default_label(const fs::path& name, EvaluationMode mode, bool likelihood) {
  if (mode == EvaluationMode::random) return "random";
  const std::string text = (name.has_filename() ? name : name.parent_path()).filename().string();
  const std::string asked = likelihood ? text + " likelihood" : text;
  return mode == EvaluationMode::image ? asked : fmt::format("{} ({})", asked, evaluation_mode_name(mode));
}

EvaluationOptions evaluation_options(const EvalFlags& flags, EvaluationMode mode, const fs::path& name) {
  EvaluationOptions options;
  options.mode = mode;
  const bool cascade = mode == EvaluationMode::cascade;
  if (cascade != !flags.captions.empty()) fail("eval: --captions FILE and --mode cascade go together");
  if (cascade) options.captions = Captions::read_or_throw(flags.captions);
  options.output = flags.output;
  options.label = flags.label.empty() ? default_label(name, mode, flags.model.likelihood) : flags.label;
  options.batch_samples = flags.batch_samples;
  options.force = flags.force;
  options.mixed = flags.resume_mixed;
  return options;
}

ScorerOptions scorer_options_for(const Benchmark& benchmark, const EvalFlags& flags, EvaluationMode mode) {
  ScorerOptions options = flags.model.scorer_options(scorer_mode(mode));
  if (benchmark.spec().drops_alpha) options.prompt.decode.alpha = DecodeOptions::Alpha::drop;
  return options;
}

void check_sweep(const EvalFlags& flags, EvaluationMode mode) {
  if (mode != EvaluationMode::image && mode != EvaluationMode::no_image)
    fail("eval: a sweep is of merged models, which --mode {} does not run; use image or no-image", flags.mode);
  if (!flags.label.empty()) fail("eval: --label names one run; those of a sweep are named after their recipes");
  flags.model.check_inputs("eval");
}

// What all recipes have to say, once.
class Remarks {
 public:
  void tell_new(const std::vector<std::string>& remarks) {
    for (const std::string& remark : remarks)
      if (told_.insert(remark).second) tell("note: " + remark);
  }

 private:
  std::set<std::string> told_;
};

// Of all rows in the folder, those of earlier runs too.
void tell_equal_scores(const fs::path& folder) {
  const RunResults run = read_run(folder, all_kinds());
  if (const auto warning = run.equal_scores.warning()) tell(fmt::format("warning: {}: {}", folder.string(), *warning));
}

void evaluate_sweep(const EvalFlags& flags, EvaluationMode mode, const OpenBenchmark& open_benchmark) {
  check_sweep(flags, mode);
  const auto limit = flags.sweep.limit();
  const std::vector<NamedRecipe> recipes = flags.sweep.recipes();
  const std::shared_ptr<const Benchmark> benchmark = open_benchmark(flags, mode);
  const ScorerOptions scorer_options = scorer_options_for(*benchmark, flags, mode);
  Remarks told;
  std::vector<SweepRecipe> parts;
  for (const NamedRecipe& recipe : recipes) {
    EvaluationOptions options = evaluation_options(flags, mode, recipe.name());
    options.output /= recipe.name();
    options.model_settings = flags.model.settings(recipe, scorer_options);
    parts.push_back({recipe.name(), std::move(options), [&] {
                       std::vector<std::string> remarks;
                       OpenedModel merged = flags.model.merged(recipe, remarks);
                       told.tell_new(remarks);
                       return merged;
                     }});
  }
  Sweep sweep(benchmark, std::move(parts));
  if (sweep.finished()) {
    tell(fmt::format("{}: all {} rows of {} recipes are there already", flags.output, benchmark->rows(),
                     recipes.size()));
    for (const NamedRecipe& recipe : recipes) tell_equal_scores(fs::path(flags.output) / recipe.name());
    return;
  }
  if (sweep.done() > 0)
    tell(fmt::format("{}: going on after {} of {} rows of all recipes", flags.output, sweep.done(), sweep.total()));
  const Sweep::Work work = sweep.score(
      [&](const OpenedModel& model) {
        return std::make_unique<Scorer>(model, scorer_options, flags.model.backend_options(model));
      },
      limit);
  tell(fmt::format("{}: {} images encoded, {} models merged, {} chunks of rows", flags.output, work.images_encoded,
                   work.models_merged, work.chunks));
  tell_warnings(sweep.notes());
  for (const NamedRecipe& recipe : recipes) tell_equal_scores(fs::path(flags.output) / recipe.name());
}

void tell_progress(const Evaluation& evaluation, const EvalFlags& flags) {
  if (evaluation.finished())
    tell(fmt::format("{}: all {} rows are there already", flags.output, evaluation.total()));
  else if (evaluation.done() > 0)
    tell(fmt::format("{}: going on after {} of {} rows", flags.output, evaluation.done(), evaluation.total()));
}

void evaluate(const EvalFlags& flags, const OpenBenchmark& open_benchmark) {
  const EvaluationMode mode = evaluation_mode_or_throw(flags.mode);
  if (flags.sweep.given()) return evaluate_sweep(flags, mode, open_benchmark);
  if (!flags.sweep.memory_limit.empty()) fail("eval: --memory-limit goes only with --recipes or --sweep");
  const fs::path name = flags.model.recipe.empty() ? fs::path(flags.model.model) : fs::path(flags.model.recipe).stem();
  EvaluationOptions options = evaluation_options(flags, mode, name);
  if (mode == EvaluationMode::random) {
    if (flags.model.names_model() || flags.model.likelihood)
      fail("eval: --mode random draws its scores; leave the options of a model away");
    Evaluation evaluation(open_benchmark(flags, mode), std::move(options));
    tell_progress(evaluation, flags);
    if (!evaluation.finished()) evaluation.draw();
    return;
  }
  flags.model.check("eval", "--recipe, --recipes or --sweep");
  const OpenedModel model = flags.model.open();
  std::shared_ptr<const Benchmark> benchmark = open_benchmark(flags, mode);
  const ScorerOptions scorer_options = scorer_options_for(*benchmark, flags, mode);
  options.model_settings = flags.model.settings(model, scorer_options);
  Evaluation evaluation(benchmark, std::move(options));
  tell_progress(evaluation, flags);
  if (!evaluation.finished()) {
    Scorer scorer(model, scorer_options, flags.model.backend_options(model));
    evaluation.score(scorer);
    tell_warnings(evaluation.notes());
  }
  tell_equal_scores(flags.output);
}

// The options that all benchmarks share. Gives the command, for its own.
CLI::App* declare(CLI::App& eval, const std::string& name, const std::string& what,
                  const std::shared_ptr<EvalFlags>& flags, const OpenBenchmark& open_benchmark) {
  CLI::App* command = eval.add_subcommand(name, what);
  flags->model.declare(*command);
  flags->sweep.declare(*command);
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
  command->add_option("-o,--output", flags->output, "The result folder; of a sweep, the folder of theirs")->required();
  command->add_option("--label", flags->label, "The row's name in tables (default: the model's)");
  command->add_option("--batch-samples", flags->batch_samples, "Rows computed together")
      ->check(whole_number(1))
      ->capture_default_str();
  command->add_flag("--force", flags->force, "Start anew where results exist");
  declare_resume_mixed(*command, flags->resume_mixed);
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
      "  vlrm eval vl-rewardbench --vlm VLM --rm RM --base BASE --sweep paper -o results/sweep\n"
      "  vlrm results results/*\n\n"
      "A killed run continues where it ended; finished work is left alone.");
  for (const BenchmarkSpec* spec : benchmarks_with_responses()) {
    CLI::App* command =
        declare(*eval, spec->name(), spec->summary, std::make_shared<EvalFlags>(),
                [spec](const EvalFlags& given, EvaluationMode) { return open_benchmark(*spec, given.data); });
    if (with_underscores(spec->name()) != spec->name()) command->alias(with_underscores(spec->name()));
  }
  const auto flags = std::make_shared<EvalFlags>();
  CLI::App* best_of_n =
      declare(*eval, "best-of-n", "The best of several responses, which stand in a file", flags,
              [](const EvalFlags& given, EvaluationMode mode) {
                return open_best_of_n(*given.task, given.responses, given.data, mode == EvaluationMode::image);
              });
  best_of_n->alias(with_underscores(best_of_n->get_name()));
  declare_task(*best_of_n, flags->task, benchmarks_to_answer(), "What was answered");
  best_of_n->add_option("--responses", flags->responses, "JSON lines: id, input, responses, correctness")->required();
}

}  // namespace vlrm
