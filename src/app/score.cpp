#include <vlrm/score.h>

#include "app/costs.h"
#include "app/distributed_model.h"
#include "app/listening.h"
#include "app/loaded_model.h"
#include "app/model.h"
#include "app/option_checks.h"
#include "base/error.h"
#include "base/utf8.h"
#include "base/version.h"
#include "distributed/parts_folder.h"
#include "prompt/samples_file.h"
#include "results/equal_scores.h"
#include "results/metrics.h"
#include "reward/distributed_score_run.h"
#include "reward/score_run.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

// What the scores depend on. Kept beside an output file, so that a run is only ever resumed with the same.
OrderedJson settings_of(const ScoreFileOptions& options, const Model& model, const ScorerOptions& scorer) {
  if (options.output.empty())  // nothing is resumed, so no file is read to compare
    return {{"date", scorer.prompt.clock ? OrderedJson(scorer.prompt.clock->date()) : OrderedJson(nullptr)}};
  OrderedJson settings = {{"vlrm", version()}, {"format", kResultsFormat}, {"mode", options.mode}};
  settings.update(ModelSettings(options.model).of(model, scorer));
  return settings;
}

Sample sample_of(const ScoreOptions& options) {
  Sample sample;
  sample.messages.push_back(user_message(options.prompt, options.images.size()));
  for (const std::string& image : options.images) sample.images.push_back({image});
  sample.responses = options.responses;
  return sample;
}

void check_file_options(const ScoreFileOptions& options) {
  if (options.images.empty()) {
    require_named("input", options.input);
    if (!options.responses.empty()) throw OptionError("responses", "goes with `images`; a file has its own");
  } else {
    if (!options.input.empty()) throw OptionError("input", "does not go with `images`");
    if (options.responses.empty()) throw OptionError("responses", "at least one is needed");
    for (const std::string& text : options.responses)
      if (utf8::first_invalid(text)) throw OptionError("responses", "not UTF-8");
    if (utf8::first_invalid(options.prompt)) throw OptionError("prompt", "not UTF-8");
  }
  require_at_least("batch_samples", options.batch_samples, 1);
  require_limit(options.limit);
  if (!options.ranks) return;
  if (options.output.empty()) throw OptionError("output", "is missing: many processes share it");
  if (options.input == "-" || options.input == "/dev/stdin")
    throw OptionError("input", "a file is needed, as many processes read it");
  if (options.force) throw OptionError("force", "does not go with many processes; remove the output and its parts");
  if (options.resume_mixed) throw OptionError("resume_mixed", "does not go with many processes");
}

SamplesInput input_of(const ScoreFileOptions& options) {
  return {options.input, options.images, options.prompt, options.responses};
}

void tell_if_equal(const EqualScores& scores) {
  if (const auto warning = scores.warning()) tell_warning(*warning);
}

}  // namespace

Scores score(const ScoreOptions& options) {
  const CallListener listening(options.listener);
  if (options.responses.empty()) throw OptionError("responses", "at least one is needed");
  const ScorerOptions how = scorer_options(options.model, mode_or_throw(options.mode));
  return LoadedModel(options.model).score({{sample_of(options), "the sample"}}, how, 1).front();
}

namespace {

ScoreRunOptions run_options_of(const ScoreFileOptions& options, const Model& model, const ScorerOptions& how,
                               EqualScores& equal_scores) {
  ScoreRunOptions run_options{.input = input_of(options),
                              .output = std::nullopt,
                              .limit = options.limit,
                              .batch_samples = options.batch_samples,
                              .force = options.force,
                              .mixed = options.resume_mixed,
                              .settings = settings_of(options, model, how)};
  if (!options.output.empty()) run_options.output = options.output;
  run_options.write = options.write;
  run_options.seen = [&](const Sample& sample, const std::vector<double>& scores) {
    equal_scores.add(scores, sample.responses);
  };
  return run_options;
}

void tell_without_image(const ScorerOptions& how, int64_t without, int64_t total) {
  if (how.prompt.mode == Mode::image && without > 0)
    tell_warning(fmt::format("{} of {} samples have no image: scored without one", without, total));
}

void tell_all_scored(const ScoreFileOptions& options, int64_t total) {
  tell_status(fmt::format("{}: all {} samples are scored already", options.output, total));
}

// What many processes have begun, one that is alone would begin again.
void refuse_distributed(const std::string& output) {
  const PartsFolder parts(output);
  if (output.empty() || fs::exists(output) || !parts.settings()) return;
  fail("{}: is being made by many processes, or was; run their command again, or remove {}", output,
       parts.path().string());
}

// This process's share of a file.
void score_share(const ScoreFileOptions& options, const ScorerOptions& how, const Model& model) {
  EqualScores equal_scores;
  ScoreRunOptions run_options = run_options_of(options, model, how, equal_scores);
  run_options.settings["device"] = kind_of_device(options.model);
  DistributedScoreRun run(std::move(run_options), *options.ranks);
  if (run.joined()) return tell_all_scored(options, run.total());
  if (!run.complete()) {
    if (const auto done = run.done(); done.lines > 0)
      tell_status(fmt::format("{}: {} of {} samples are scored already", options.output, done.lines, run.total()));
    Scorer scorer(model, how, backend_options(options.model, model));
    tell_without_image(how, run.without_image(), run.total());
    run.score(scorer);
  }
  if (const auto done = run.done(); done.blocks < run.blocks())
    return tell_status(
        fmt::format("{}: nothing is left for this process; others have claimed {} of {} blocks, and the last of them "
                    "joins the parts; should they have died, the same command goes on, after 5 minutes at the most",
                    options.output, run.blocks() - done.blocks, run.blocks()));
  const TextNotes notes = run.join();
  tell_status(fmt::format("{}: joined from {} parts", options.output, run.blocks()));
  tell_warnings(notes);
  tell_if_equal(equal_scores);
}

}  // namespace

void score_file(const ScoreFileOptions& named_options) {
  const CallListener listening(named_options.listener);
  check_file_options(named_options);
  ScoreFileOptions options = named_options;
  if (options.ranks) share_machine(options.model, *options.ranks, options.output);
  if (options.output.empty() && !options.write) throw OptionError("output", "is missing, and nobody takes the lines");
  const ScorerOptions how = scorer_options(options.model, mode_or_throw(options.mode));
  const Model model = open_or_merge(options.model);
  if (options.ranks) return score_share(options, how, model);
  refuse_distributed(options.output);
  EqualScores equal_scores;
  ScoreRun run(run_options_of(options, model, how, equal_scores));
  if (run.finished()) {
    tell_all_scored(options, run.total());
    tell_warnings(run.notes());
    tell_if_equal(equal_scores);
    return;
  }
  if (run.done() > 0)
    tell_status(fmt::format("{}: going on after {} of {} samples", options.output, run.done(), run.total()));
  Scorer scorer(model, how, backend_options(options.model, model));
  tell_without_image(how, run.without_image(), run.total());
  run.score(scorer);
  tell_warnings(run.notes());
  tell_if_equal(equal_scores);
}

Costs score_costs(const ScoreOptions& options) {
  const CallListener listening(options.listener);
  if (options.responses.empty()) throw OptionError("responses", "at least one is needed");
  const ScorerOptions how = scorer_options(options.model, mode_or_throw(options.mode));
  const Model model = open_or_merge(options.model);
  ScoringCosts costs(model, how, options.model);
  costs.add(sample_of(options), "the sample");
  return costs.of(1, 1);
}

Costs score_file_costs(const ScoreFileOptions& options) {
  const CallListener listening(options.listener);
  check_file_options(options);
  const ScorerOptions how = scorer_options(options.model, mode_or_throw(options.mode));
  const Model model = open_or_merge(options.model);
  ScoringCosts costs(model, how, options.model);
  const SamplesFile samples(input_of(options), options.limit);
  const int64_t count = samples.check(false).samples;
  SamplesFile::Reader reader(samples);
  for (int64_t at = 0; const int64_t number : samples_to_read(count)) {
    reader.skip(number - at);
    for (const auto& [sample, source] : reader.next(1)) costs.add(sample, source);
    at = number + 1;
  }
  return costs.of(count, options.batch_samples);
}

}  // namespace vlrm
