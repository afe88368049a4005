// One model on every benchmark whose data is there.
#include <vlrm/evaluate.h>
#include <vlrm/report.h>

#include "app/benchmarks.h"
#include "app/evaluation_parts.h"
#include "app/listening.h"
#include "app/loaded_model.h"
#include "app/opened_benchmark.h"
#include "app/option_checks.h"
#include "base/error.h"
#include "base/hub_cache.h"
#include "base/joined.h"
#include "tasks/benchmark_table.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

std::string named_for(const std::map<std::string, std::string>& given, const BenchmarkSpec& spec) {
  for (const auto& [name, value] : given)
    if (same_name(name, spec.name())) return value;
  return "";
}

void require_known(const std::string& option, const std::map<std::string, std::string>& given,
                   const Benchmarks& benchmarks) {
  for (const auto& [name, value] : given) benchmark_or_throw(option, name, benchmarks);
}

// The options of one benchmark, or why it cannot be run.
struct Part {
  const BenchmarkSpec* spec = nullptr;
  EvaluateOptions options = {};
  std::string lacks = {};
};

Part part_of(const EvaluateAllOptions& all, const BenchmarkSpec& spec, bool shows) {
  Part part{&spec, all.evaluate};
  part.options.benchmark = spec.has_responses() ? spec.name() : "best-of-n";
  part.options.task = spec.has_responses() ? "" : spec.name();
  part.options.data.data = named_for(all.data, spec);
  part.options.responses = named_for(all.responses, spec);
  part.options.output = (fs::path(all.evaluate.output) / spec.name()).string();
  if (!spec.has_responses() && part.options.responses.empty()) {
    part.lacks = "no file of responses; `responses` names it, `vlrm answers` writes it";
  } else if (part.options.data.data.empty() && (spec.has_responses() || shows) && !is_at_hand(spec.data.data)) {
    part.lacks =
        fmt::format("its data is not in the hub cache; to fetch it: {}", dataset_download_command(spec.data.data));
  }
  return part;
}

void evaluate_part(const Part& part, EvaluationMode mode, const fs::path& name, LoadedModel& model,
                   ModelSettings& settings) {
  const EvaluateOptions& options = part.options;
  const std::shared_ptr<const Benchmark> benchmark = benchmark_of(options, mode);
  const ScorerOptions scoring = scorer_options_for(*benchmark, options.model, mode);
  EvaluationOptions how = evaluation_options(options, mode, name);
  how.model_settings = settings.of(model.model(), scoring);
  Evaluation evaluation(benchmark, std::move(how));
  tell_progress(evaluation, options.output);
  if (!evaluation.finished()) evaluation.score(model.scorer(scoring));
  tell_row_warnings(options.output);
}

void check_options(const EvaluateAllOptions& all, EvaluationMode mode) {
  if (mode == EvaluationMode::random || mode == EvaluationMode::cascade)
    throw OptionError("mode", fmt::format("{} is for one benchmark at a time", all.evaluate.mode));
  require_named("output", all.evaluate.output);
  require_known("data", all.data, all_benchmarks());
  require_known("responses", all.responses, benchmarks_to_answer());
}

}  // namespace

void evaluate_all(const EvaluateAllOptions& all) {
  const CallListener listening(all.evaluate.listener);
  const EvaluationMode mode = evaluation_mode_or_throw(all.evaluate.mode);
  check_options(all, mode);
  const ModelOptions& model = all.evaluate.model;
  const bool merges = names_merge(model, model.recipe);
  const fs::path name = merges ? fs::path(named_merge(model, model.recipe).name()) : fs::path(model.model);
  LoadedModel loaded(model);
  ModelSettings settings(model);
  std::vector<std::string> done, failed;
  for (const BenchmarkSpec* spec : all_benchmarks()) {
    const Part part = part_of(all, *spec, mode == EvaluationMode::image);
    if (!part.lacks.empty()) {
      tell_note(fmt::format("{}: {}", spec->name(), part.lacks));
      continue;
    }
    tell_status(fmt::format("{}:", spec->name()));
    try {
      evaluate_part(part, mode, name, loaded, settings);
      done.push_back(part.options.output);
    } catch (const TemporaryError&) {
      throw;
    } catch (const Error& error) {  // the others can do without this one
      tell_warning(fmt::format("{}: {}", spec->name(), error.what()));
      failed.push_back(spec->name());
    }
  }
  if (done.empty() && failed.empty()) fail("no benchmark has its data here; `data` names it");
  if (!done.empty()) {
    const std::string page = (fs::path(all.evaluate.output) / "report.html").string();
    write_report({.results = done, .output = page, .report = {}, .force = true, .listener = all.evaluate.listener});
    tell_status(fmt::format("{}: written", page));
  }
  if (!failed.empty())
    fail("{} of {} benchmarks failed: {}", failed.size(), failed.size() + done.size(), joined(failed));
}

}  // namespace vlrm
