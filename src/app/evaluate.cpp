#include <vlrm/evaluate.h>

#include <set>

#include "app/benchmarks.h"
#include "app/costs.h"
#include "app/listening.h"
#include "app/model.h"
#include "app/option_checks.h"
#include "base/error.h"
#include "eval/sweep.h"
#include "results/result_folder.h"
#include "tasks/benchmark.h"
#include "tasks/own_data.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

// "pairs.parquet" and "me/pairs" are called "pairs".
std::string name_of_data(const EvaluateOptions& options) {
  if (!options.name.empty()) return printable(options.name);
  const fs::path path(options.responses.empty() ? options.data.data : options.responses);
  return printable((path.has_filename() ? path : path.parent_path()).stem().string());
}

OwnColumns columns_of(const EvaluateOptions& options) {
  try {
    return own_columns_or_throw(options.columns);
  } catch (const Error& error) {
    throw OptionError("columns", error.what());
  }
}

std::unique_ptr<const Benchmark> own_data_or_throw(const EvaluateOptions& options, EvaluationMode mode) {
  const bool responses = !options.responses.empty(), shows = mode == EvaluationMode::image;
  if (options.data.data.empty() && (!responses || shows))
    throw OptionError("data", responses ? "names the dataset with the images of `responses`, or `task` a known one"
                                        : "names the rows: a file, a directory or a hub id");
  if (same_name(options.benchmark, "pairs"))
    return open_benchmark(own_pairs(columns_of(options), name_of_data(options)), options.data);
  if (!responses) return open_benchmark(own_best_of_n(columns_of(options), name_of_data(options)), options.data);
  return open_best_of_n(own_responses(columns_of(options), name_of_data(options)), options.responses, options.data,
                        shows);
}

std::unique_ptr<const Benchmark> known_benchmark_or_throw(const EvaluateOptions& options, EvaluationMode mode) {
  for (const auto& [option, given] : {std::pair("columns", !options.columns.empty()), {"name", !options.name.empty()}})
    if (given) throw OptionError(option, "is for data of your own: pairs, or best-of-n without `task`");
  if (!same_name(options.benchmark, "best-of-n"))
    return open_benchmark(benchmark_or_throw("benchmark", options.benchmark, benchmarks_with_responses()),
                          options.data);
  const BenchmarkSpec& spec = benchmark_or_throw("task", options.task, benchmarks_to_answer());
  require_named("responses", options.responses);
  return open_best_of_n(spec, options.responses, options.data, mode == EvaluationMode::image);
}

std::shared_ptr<const Benchmark> benchmark_of(const EvaluateOptions& options, EvaluationMode mode) {
  require_limit(options.limit);
  const bool own =
      same_name(options.benchmark, "pairs") || (same_name(options.benchmark, "best-of-n") && options.task.empty());
  std::unique_ptr<const Benchmark> all =
      own ? own_data_or_throw(options, mode) : known_benchmark_or_throw(options, mode);
  for (const std::string& note : all->notes()) tell_note(note);
  const int64_t rows = all->rows();
  std::shared_ptr<const Benchmark> benchmark = limited(std::move(all), options.limit);
  if (benchmark->rows() < rows)
    tell_note(fmt::format("only the first {} of {} rows (`limit`)", benchmark->rows(), rows));
  return benchmark;
}

// The row's name in a table, where the user gives none: that of the model or the recipe.
std::string default_label(const fs::path& name, EvaluationMode mode, bool likelihood) {
  if (mode == EvaluationMode::random) return "random";
  const std::string text = (name.has_filename() ? name : name.parent_path()).filename().string();
  const std::string asked = likelihood ? text + " likelihood" : text;
  return mode == EvaluationMode::image ? asked : fmt::format("{} ({})", asked, evaluation_mode_name(mode));
}

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

// Of all rows in the folder, those of earlier runs too.
void tell_row_warnings(const fs::path& folder, bool of_texts = true) {
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

void draw(const EvaluateOptions& options, EvaluationOptions how) {
  Evaluation evaluation(benchmark_of(options, EvaluationMode::random), std::move(how));
  tell_progress(evaluation, options.output);
  if (!evaluation.finished()) evaluation.draw();
}

void refuse_model(const ModelOptions& model) {
  const std::string reason = "random draws its scores; leave out the options of a model";
  if (!(model.model + model.recipe + model.vlm + model.rm + model.base).empty() || model.likelihood)
    throw OptionError("mode", reason);
  refuse_numbers(model, "mode", reason);
}

// Costs do not depend on it.
EvaluateOptions with_some_output(EvaluateOptions options) {
  if (options.output.empty()) options.output = ".";
  return options;
}

// Looks at all rows as an evaluation does before it begins, and reads some.
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

// What recipes have to say, each thing once.
class Notes {
 public:
  void tell_new(const std::vector<std::string>& notes) {
    for (const std::string& note : notes)
      if (told_.insert(note).second) tell_note(note);
  }

 private:
  std::set<std::string> told_;
};

EvaluationMode sweep_mode(const EvaluateOptions& options) {
  const EvaluationMode mode = evaluation_mode_or_throw(options.mode);
  if (mode != EvaluationMode::image && mode != EvaluationMode::no_image)
    throw OptionError(
        "mode", fmt::format("a sweep is of merged models, which {} does not run; use image or no-image", options.mode));
  if (!options.label.empty())
    throw OptionError("label", "names one run; those of a sweep are named after their recipes");
  return mode;
}

std::vector<NamedRecipe> sweep_recipes(const SweepOptions& options) {
  const ModelOptions& model = options.evaluate.model;
  refuse_numbers(model, "method", "and its numbers are one merge; a sweep is of recipes");
  require_merge_inputs(model);
  std::vector<NamedRecipe> recipes = recipes_or_throw(options.paper, options.recipes);
  if (recipes.empty()) throw OptionError("recipes", "none is named");
  return recipes;
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

void sweep(const SweepOptions& sweep_options) {
  const EvaluateOptions& options = sweep_options.evaluate;
  const CallListener listening(options.listener);
  const EvaluationMode mode = sweep_mode(options);
  const std::vector<NamedRecipe> recipes = sweep_recipes(sweep_options);
  const std::shared_ptr<const Benchmark> benchmark = benchmark_of(options, mode);
  const ScorerOptions scoring = scorer_options_for(*benchmark, options.model, mode);
  ModelSettings settings(options.model);
  std::optional<BuildModels> models;  // once a recipe is not finished
  Notes told;
  std::vector<SweepRecipe> parts;
  for (const NamedRecipe& recipe : recipes) {
    EvaluationOptions how = evaluation_options(options, mode, recipe.name());
    how.output /= recipe.name();
    how.model_settings = settings.of(recipe, scoring);
    parts.push_back({recipe.name(), std::move(how), [&] {
                       if (!models) models.emplace(build_inputs(options.model));
                       std::vector<std::string> notes;
                       Model model = merged(*models, options.model, recipe.recipe, notes);
                       told.tell_new(notes);
                       return model;
                     }});
  }
  const auto tell_all_warnings = [&] {  // all recipes have the same texts
    for (const NamedRecipe& recipe : recipes)
      tell_row_warnings(fs::path(options.output) / recipe.name(), &recipe == &recipes.front());
  };
  Sweep sweep(benchmark, std::move(parts));
  if (sweep.finished()) {
    tell_status(fmt::format("{}: all {} rows of {} recipes are there already", options.output, benchmark->rows(),
                            recipes.size()));
    return tell_all_warnings();
  }
  if (sweep.done() > 0)
    tell_status(
        fmt::format("{}: going on after {} of {} rows of all recipes", options.output, sweep.done(), sweep.total()));
  const Sweep::Work work = sweep.score(
      [&](const Model& model) {
        return std::make_unique<Scorer>(model, scoring, backend_options(options.model, model));
      },
      sweep_options.memory_limit);
  tell_status(fmt::format("{}: {} images encoded, {} models merged, {} chunks of rows", options.output,
                          work.images_encoded, work.models_merged, work.chunks));
  tell_all_warnings();
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

Costs sweep_costs(const SweepOptions& sweep_options) {
  const EvaluateOptions options = with_some_output(sweep_options.evaluate);
  const CallListener listening(options.listener);
  const EvaluationMode mode = sweep_mode(options);
  const std::vector<NamedRecipe> recipes = sweep_recipes(sweep_options);
  const EvaluationOptions how = evaluation_options(options, mode, "");
  const std::shared_ptr<const Benchmark> benchmark = benchmark_of(options, mode);
  BuildModels models(build_inputs(options.model));
  Notes told;
  std::optional<Model> model;
  for (const NamedRecipe& recipe : recipes) {
    std::vector<std::string> notes;
    model = merged(models, options.model, recipe.recipe, notes);
    told.tell_new(notes);
  }
  ScoringCosts costs(*model, scorer_options_for(*benchmark, options.model, mode), options.model);
  add_rows(costs, *benchmark, how);
  return costs.of(benchmark->rows(), options.batch_samples, std::ssize(recipes));
}

}  // namespace vlrm
