#include <vlrm/write.h>

#include <chrono>
#include <filesystem>
#include <map>

#include "app/benchmarks.h"
#include "app/listening.h"
#include "app/model.h"
#include "app/option_checks.h"
#include "base/claim_file.h"
#include "base/error.h"
#include "tasks/answer_task.h"
#include "writing/own_prompts.h"
#include "writing/writing_run.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr int64_t kReferenceTokens = 2048;  // of captions and judgements

const std::map<std::string, Judging> kJudgings{
    {"score", Judging::score}, {"likelihood", Judging::likelihood}, {"pairwise", Judging::pairwise}};

// Where the file of a run and its settings go.
struct Files {
  fs::path output, settings;
};

Files beside(const std::string& output) {
  return {output, with_ending(output, ".run.json")};
}

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
  if (work.cut > 0)
    tell_note(fmt::format("{} of {} texts were cut off after {} tokens", work.cut, work.texts, max_new_tokens));
}

// Writes what is missing and says what was done. `command` is the label of the progress; of the jobs, only a judge's
// may be done by a text model.
void run(const std::string& command, const WriteOptions& options, const std::shared_ptr<const WritingJob>& job,
         const Files& files, int64_t default_max_new_tokens, const OrderedJson& more_settings = OrderedJson::object()) {
  require_named("output", options.output);
  require_at_least("texts_together", options.texts_together, 1);
  require_at_least("max_new_tokens", options.max_new_tokens.value_or(1), 1);
  const Model opened = open_or_merge(options.model, Purpose::writing);
  const bool sees = opened.config.sees();
  if (!sees && command != "judge")
    fail("{}: {} is a text model, which sees no image", command, opened.weights->description());
  if (!sees) tell_note(fmt::format("{} is a text model: it judges without the images", opened.weights->description()));
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

void refuse_responses_beside_own(const std::string& task, const std::string& responses) {
  if (!responses.empty())
    throw OptionError("responses", fmt::format("not for {}, whose dataset holds them", printable(task)));
}

void need_responses(const std::string& task, const std::string& responses, const char* why) {
  if (responses.empty())
    throw OptionError("responses", fmt::format("{} needs a file of responses{}", printable(task), why));
}

// Of either kind: with responses in its dataset, or in a file.
std::shared_ptr<const Benchmark> benchmark_of(const std::string& task, const std::string& responses,
                                              const WriteOptions& write, ResponsesFile holds) {
  require_limit(write.limit);
  const BenchmarkSpec& spec = benchmark_or_throw("task", task, all_benchmarks());
  if (spec.has_responses()) {
    refuse_responses_beside_own(task, responses);
    return limited(open_benchmark(spec, write.data), write.limit);
  }
  need_responses(task, responses,
                 holds == ResponsesFile::questions ? ", whose lines have the questions as \"input\"" : "");
  return limited(open_best_of_n(spec, responses, write.data, true, holds), write.limit);
}

}  // namespace

void caption(const CaptionOptions& options) {
  const CallListener listening(options.write.listener);
  const std::string& file = options.prompt_template;
  PromptTemplate prompt = file.empty() ? default_caption_prompt()
                                       : PromptTemplate::parse_or_throw(read_prompt_text_or_throw(file), {}, file);
  run("caption", options.write,
      caption_job(benchmark_of(options.task, options.responses, options.write, ResponsesFile::questions),
                  std::move(prompt)),
      beside(options.write.output), kReferenceTokens);
}

void answers(const AnswersOptions& options) {
  const CallListener listening(options.write.listener);
  require_texts(options.texts);
  require_limit(options.write.limit);
  const BenchmarkSpec& spec = benchmark_or_throw("task", options.task, benchmarks_to_answer());
  const std::shared_ptr<const WritingJob> job =
      answer_job({&spec, options.write.data, options.texts, options.first_seed, options.write.limit});
  run("answers", options.write, job, beside(options.write.output), spec.answers->max_new_tokens);
}

void judge(const JudgeOptions& options) {
  const CallListener listening(options.write.listener);
  const auto judging = kJudgings.find(options.judging);
  if (judging == kJudgings.end())
    throw OptionError("judging", printable(options.judging) + " is none of score, likelihood, pairwise");
  JudgeJobOptions how;
  how.judging = judging->second;
  if (!options.prompt_template.empty()) how.prompt = options.prompt_template;
  if (!options.system_prompt.empty()) how.system_prompt = options.system_prompt;
  if (const std::string& name = options.write.model.model; !name.empty())
    how.shows_images = ModelConfig::from_directory(resolve_model(name).directory).sees();
  how.response_prefix = options.write.model.response_prefix;
  const fs::path folder = options.write.output;
  const std::string label = options.label.empty() ? "judge (" + options.judging + ")" : options.label;
  run("judge", options.write,
      judge_job(benchmark_of(options.task, options.responses, options.write, ResponsesFile::responses), how),
      {folder / "results.jsonl", folder / "run.json"}, kReferenceTokens, {{"label", label}});
}

}  // namespace vlrm
