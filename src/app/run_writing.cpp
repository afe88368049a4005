#include "app/run_writing.h"

#include <chrono>

#include "app/model.h"
#include "app/option_checks.h"
#include "base/claim_file.h"
#include "base/error.h"
#include "writing/writing_run.h"

namespace vlrm {
namespace {

OrderedJson sampling_settings(const SamplingOptions& sampling, int64_t max_new_tokens) {
  return {{"temperature", sampling.temperature},
          {"top_k", sampling.top_k},
          {"top_p", sampling.top_p},
          {"repetition_penalty", sampling.repetition_penalty},
          {"max_new_tokens", max_new_tokens}};
}

void tell_work(const std::string& output, const WritingRun::Work& work, double seconds, int64_t max_new_tokens) {
  if (work.texts == 0) return;
  tell_status(fmt::format("{}: {} texts, {} tokens, {:.1f} a second", output, work.texts, work.tokens,
                          static_cast<double>(work.tokens) / seconds));
  tell_cut(work.cut, work.texts, max_new_tokens);
}

}  // namespace

WritingFiles beside(const std::string& output) {
  return {output, with_ending(output, ".run.json")};
}

bool sees(const ModelOptions& options) {
  return options.model.empty() || ModelConfig::from_directory(resolve_model(options.model).directory).sees();
}

void tell_cut(int64_t cut, int64_t texts, int64_t max_new_tokens) {
  if (cut > 0) tell_note(fmt::format("{} of {} texts were cut off after {} tokens", cut, texts, max_new_tokens));
}

void run_writing(const std::string& command, const WriteOptions& options, const std::shared_ptr<const WritingJob>& job,
                 const WritingFiles& files, int64_t default_max_new_tokens, const OrderedJson& more_settings) {
  require_named("output", options.output);
  require_at_least("texts_together", options.texts_together, 1);
  require_at_least("max_new_tokens", options.max_new_tokens.value_or(1), 1);
  const Model opened = open_or_merge(options.model, Purpose::writing);
  const bool sees = opened.config.sees();
  if (!sees && command != "judge" && command != "generate")
    fail("{}: {} is a text model, which sees no image", command, opened.weights->description());
  if (!sees && command == "judge")
    tell_note(fmt::format("{} is a text model: it judges without the images", opened.weights->description()));
  ScorerOptions prompts = scorer_options(options.model, sees ? Mode::image : Mode::text_only);
  if (job->drops_alpha()) prompts.prompt.decode.alpha = DecodeOptions::Alpha::drop;
  GeneratorOptions how;
  how.prompt = prompts.prompt;
  how.sampling = options.sampling;
  how.sampling.check();
  how.max_new_tokens = options.max_new_tokens.value_or(default_max_new_tokens);
  how.texts_together = options.texts_together;
  WritingOptions writing{files.output, files.settings, command, more_settings, options.force, options.resume_mixed};
  writing.settings.update(ModelSettings(options.model).of(opened, prompts));
  if (job->numbers_at_once().empty()) writing.settings.update(sampling_settings(options.sampling, how.max_new_tokens));
  WritingRun run(job, std::move(writing));
  const std::string name = files.output.string();
  if (run.finished()) return tell_status(fmt::format("{}: all {} requests are answered already", name, run.total()));
  const auto tell_run_note = [&] {
    if (!run.note().empty()) tell_note(run.note());
  };
  if (run.finish_if_complete()) {
    tell_status(fmt::format("{}: put together from {} answers", name, run.total()));
    return tell_run_note();
  }
  if (run.done() > 0) tell_status(fmt::format("{}: going on after {} of {} requests", name, run.done(), run.total()));
  Generator generator(opened, how, backend_options(options.model, opened));
  const auto start = std::chrono::steady_clock::now();
  const WritingRun::Work work = run.write(generator);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  tell_work(name, work, seconds, how.max_new_tokens);
  tell_warnings(generator.notes());
  tell_run_note();
}

}  // namespace vlrm
