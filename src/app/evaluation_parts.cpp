#include "app/evaluation_parts.h"

#include "app/option_checks.h"
#include "base/error.h"
#include "base/listening.h"
#include "results/result_folder.h"
#include "tasks/benchmark_table.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

// The row's name in a table, where the user gives none: that of the model or the recipe.
std::string default_label(const fs::path& name, EvaluationMode mode, bool likelihood) {
  if (mode == EvaluationMode::random) return "random";
  const std::string text = (name.has_filename() ? name : name.parent_path()).filename().string();
  const std::string asked = likelihood ? text + " likelihood" : text;
  return mode == EvaluationMode::image ? asked : fmt::format("{} ({})", asked, evaluation_mode_name(mode));
}

}  // namespace

EvaluationOptions evaluation_options(const EvaluateOptions& options, EvaluationMode mode, const fs::path& name) {
  require_named("output", options.output);
  require_at_least("batch_samples", options.batch_samples, 1);
  EvaluationOptions result;
  result.mode = mode;
  const bool cascade = mode == EvaluationMode::cascade;
  if (cascade != !options.captions.empty())
    throw OptionError("captions", "a file of them and mode cascade go together");
  if (cascade) result.captions = Captions::read_or_throw(options.captions);
  result.output = options.output;
  result.label = options.label.empty() ? default_label(name, mode, options.model.likelihood) : options.label;
  result.batch_samples = options.batch_samples;
  result.force = options.force;
  result.mixed = options.resume_mixed;
  return result;
}

ScorerOptions scorer_options_for(const Benchmark& benchmark, const ModelOptions& model, EvaluationMode mode) {
  ScorerOptions options = scorer_options(model, scorer_mode(mode));
  if (benchmark.spec().drops_alpha) options.prompt.decode.alpha = DecodeOptions::Alpha::drop;
  return options;
}

void tell_row_warnings(const fs::path& folder, bool of_texts) {
  const RunResults run = read_run(folder, all_kinds());
  if (of_texts) tell_warnings(run.notes);
  if (const auto warning = run.equal_scores.warning()) tell_warning(fmt::format("{}: {}", folder.string(), *warning));
}

void tell_progress(const Evaluation& evaluation, const std::string& output) {
  if (evaluation.finished())
    tell_status(fmt::format("{}: all {} rows are there already", output, evaluation.total()));
  else if (evaluation.done() > 0)
    tell_status(fmt::format("{}: going on after {} of {} rows", output, evaluation.done(), evaluation.total()));
}

void refuse_model(const ModelOptions& model) {
  const std::string reason = "random draws its scores; leave out the options of a model";
  if (!(model.model + model.recipe + model.vlm + model.rm + model.base).empty() || model.likelihood)
    throw OptionError("mode", reason);
  refuse_numbers(model, "mode", reason);
}

EvaluateOptions with_some_output(EvaluateOptions options) {
  if (options.output.empty()) options.output = ".";
  return options;
}

void add_rows(ScoringCosts& costs, const Benchmark& benchmark, const EvaluationOptions& how) {
  const bool shows = how.mode == EvaluationMode::image;
  const auto rows = benchmark.stream(0, shows ? Images::checked : Images::without);
  while (const auto row = rows->next())
    if (how.captions) how.captions->of(row->id, row->source);
  for (const int64_t number : samples_to_read(benchmark.rows())) {
    auto row = benchmark.stream(number, shows ? Images::with : Images::without)->next();
    if (!row) break;
    if (how.captions) how.captions->add_to(*row);
    costs.add(sample_of(*row, how.mode), row->source);
  }
}

}  // namespace vlrm
