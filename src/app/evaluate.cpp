#include <vlrm/evaluate.h>

#include "app/costs.h"
#include "app/evaluation_parts.h"
#include "app/listening.h"
#include "app/model.h"
#include "app/opened_benchmark.h"
#include "base/error.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

void draw(const EvaluateOptions& options, EvaluationOptions how) {
  Evaluation evaluation(benchmark_of(options, EvaluationMode::random), std::move(how));
  tell_progress(evaluation, options.output);
  if (!evaluation.finished()) evaluation.draw();
}

}  // namespace

void evaluate(const EvaluateOptions& options) {
  const CallListener listening(options.listener);
  const EvaluationMode mode = evaluation_mode_or_throw(options.mode);
  const ModelOptions& model = options.model;
  const bool merges = mode != EvaluationMode::random && names_merge(model, model.recipe);
  const fs::path name = merges ? fs::path(named_merge(model, model.recipe).name()) : fs::path(model.model);
  EvaluationOptions how = evaluation_options(options, mode, name);
  if (mode == EvaluationMode::random) {
    refuse_model(model);
    return draw(options, std::move(how));
  }
  const Model opened = open_or_merge(model);
  const std::shared_ptr<const Benchmark> benchmark = benchmark_of(options, mode);
  const ScorerOptions scoring = scorer_options_for(*benchmark, model, mode);
  how.model_settings = ModelSettings(model).of(opened, scoring);
  Evaluation evaluation(benchmark, std::move(how));
  tell_progress(evaluation, options.output);
  if (!evaluation.finished()) {
    Scorer scorer(opened, scoring, backend_options(model, opened));
    evaluation.score(scorer);
  }
  tell_row_warnings(options.output);
}

Costs evaluate_costs(const EvaluateOptions& given) {
  const EvaluateOptions options = with_some_output(given);
  const CallListener listening(options.listener);
  const EvaluationMode mode = evaluation_mode_or_throw(options.mode);
  const EvaluationOptions how = evaluation_options(options, mode, "");
  if (mode == EvaluationMode::random) {
    refuse_model(options.model);
    Costs costs;
    costs.samples = benchmark_of(options, mode)->rows();
    return costs;
  }
  const Model model = open_or_merge(options.model);
  const std::shared_ptr<const Benchmark> benchmark = benchmark_of(options, mode);
  ScoringCosts costs(model, scorer_options_for(*benchmark, options.model, mode), options.model);
  add_rows(costs, *benchmark, how);
  return costs.of(benchmark->rows(), options.batch_samples);
}

}  // namespace vlrm
