#include "cli/writing_options.h"

#include <chrono>

#include "base/error.h"
#include "base/tell.h"
#include "cli/usage_errors.h"
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

void tell_work(const std::string& output, const WritingRun::Work& work, double seconds) {
  if (work.texts == 0) return;
  tell(fmt::format("{}: {} texts, {} tokens, {:.1f} a second", output, work.texts, work.tokens,
                   static_cast<double>(work.tokens) / seconds));
  if (work.cut > 0) tell(fmt::format("note: {} of {} texts were cut off at --max-new-tokens", work.cut, work.texts));
}

}  // namespace

void declare_sampling(CLI::App& command, SamplingOptions& sampling) {
  command.add_option("--temperature", sampling.temperature, "0: the most likely token, nothing is drawn")
      ->capture_default_str();
  command.add_option("--top-k", sampling.top_k, "Draw from the so many most likely tokens; 0: from all")
      ->capture_default_str();
  command.add_option("--top-p", sampling.top_p, "Draw from the most likely tokens of so much probability")
      ->capture_default_str();
  command
      .add_option("--repetition-penalty", sampling.repetition_penalty,
                  "Above 1: tokens that were there already are less likely")
      ->capture_default_str();
}

void WritingFlags::declare(CLI::App& command, const std::string& task_data, const std::string& what_output) {
  model.declare(command, ModelFlags::For::writing);
  command.add_option("--data", data.data,
                     "The dataset: a directory or file (parquet, Arrow, JSON lines), or an id in the hub's local cache "
                     "(default: " +
                         task_data + ")");
  command.add_option("--config", data.config, "Of a dataset that has several");
  command.add_option("--split", data.split, "Of a dataset that has several");
  command.add_option("-o,--output", output, what_output)->required();
  declare_sampling(command, sampling);
  command.add_option("--max-new-tokens", max_new_tokens, "Where a text ends at the latest (default: the reference's)")
      ->check(whole_number(1));
  command
      .add_option("--texts-together", texts_together,
                  "Texts written at a time, as far as memory goes; more make streamed weights cheaper. Texts do not "
                  "depend on it")
      ->check(whole_number(1))
      ->capture_default_str();
  command.add_flag("--force", force, "Start anew where the output exists");
  declare_resume_mixed(command, resume_mixed);
}

void WritingFlags::run(const std::string& command, const std::shared_ptr<const WritingJob>& job, const Files& files,
                       int64_t default_max_new_tokens, const OrderedJson& more_settings) const {
  const OpenedModel opened = model.open();
  if (!opened.config.sees())
    fail("{}: {} is a text model, which sees no image", command, opened.weights->description());
  ScorerOptions prompts = model.scorer_options(Mode::image);
  if (job->drops_alpha()) prompts.prompt.decode.alpha = DecodeOptions::Alpha::drop;
  GeneratorOptions options;
  options.prompt = prompts.prompt;
  options.sampling = sampling;
  options.sampling.check();
  options.max_new_tokens = max_new_tokens.value_or(default_max_new_tokens);
  options.texts_together = texts_together;
  WritingOptions writing{files.output, files.settings, command, more_settings, force, resume_mixed};
  writing.settings.update(model.settings(opened, prompts));
  if (job->numbers_at_once().empty()) writing.settings.update(sampling_settings(sampling, options.max_new_tokens));
  WritingRun run(job, std::move(writing));
  const std::string name = files.output.string();
  if (run.finished()) return tell(fmt::format("{}: all {} requests are answered already", name, run.total()));
  const auto tell_note = [&] {
    if (!run.note().empty()) tell("note: " + run.note());
  };
  if (run.finish_if_complete()) {
    tell(fmt::format("{}: put together from {} answers", name, run.total()));
    return tell_note();
  }
  if (run.done() > 0) tell(fmt::format("{}: going on after {} of {} requests", name, run.done(), run.total()));
  Generator generator(opened, options, model.backend_options(opened));
  const auto start = std::chrono::steady_clock::now();
  const WritingRun::Work work = run.write(generator);
  tell_work(name, work, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  tell_warnings(generator.notes());
  tell_note();
}

}  // namespace vlrm
