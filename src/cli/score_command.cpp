#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/tell.h"
#include "base/version.h"
#include "cli/commands.h"
#include "cli/model_options.h"
#include "cli/usage_errors.h"
#include "results/equal_scores.h"
#include "results/metrics.h"
#include "reward/score_run.h"

namespace vlrm {
namespace {

const std::map<std::string, Mode> kModes{
    {"image", Mode::image}, {"no-image", Mode::no_image}, {"text-only", Mode::text_only}};

struct ScoreFlags {
  ModelFlags model;
  std::vector<std::string> images, responses;
  std::optional<std::string> prompt;
  std::string input, output, mode = "image";
  int64_t batch_samples = 8;
  bool json = false, force = false, resume_mixed = false;
};

void check_flags(const ScoreFlags& flags) {
  flags.model.check("score");
  const bool one = !flags.images.empty() || flags.prompt || !flags.responses.empty();
  if (flags.input.empty() && (!flags.prompt || flags.responses.empty()))
    fail("score: needs --prompt and --response, or --input");
  if (!flags.input.empty() && one) fail("score: --image, --prompt and --response do not go with --input");
  if (flags.input.empty() && !flags.output.empty()) fail("score: --output goes with --input");
}

// What the scores depend on. Kept beside an output file, so that a run is only ever resumed with the same.
OrderedJson settings(const ScoreFlags& flags, const OpenedModel& model, const ScorerOptions& options) {
  if (flags.output.empty())  // nothing is gone on with: no file need be read for it
    return {{"date", options.prompt.clock ? OrderedJson(options.prompt.clock->date()) : OrderedJson(nullptr)}};
  OrderedJson settings = {{"vlrm", version()}, {"format", kResultsFormat}, {"mode", flags.mode}};
  settings.update(flags.model.settings(model, options));
  return settings;
}

void print_table(const std::vector<std::string>& responses, const std::vector<double>& scores) {
  size_t best = 0;
  for (size_t i = 1; i < scores.size(); ++i)
    if (rounded_score(scores[i]) > rounded_score(scores[best])) best = i;
  for (size_t i = 0; i < scores.size(); ++i)
    fmt::print("{} {:>10.5f}  {}\n", scores.size() > 1 && i == best ? "*" : " ", scores[i],
               printable(responses[i], 200));
}

void tell_warning(const EqualScores& scores) {
  if (const auto warning = scores.warning()) tell("warning: " + *warning);
}

void score_one(const ScoreFlags& flags) {
  const OpenedModel model = flags.model.open();
  Sample sample;
  sample.messages.push_back(user_message(*flags.prompt, flags.images.size()));
  for (const auto& image : flags.images) sample.images.push_back({image});
  sample.responses = flags.responses;
  const ScorerOptions options = flags.model.scorer_options(kModes.at(flags.mode));
  Scorer scorer(model, options, flags.model.backend_options(model));
  const std::vector<PreparedSample> prepared{scorer.prepare(sample, "the sample")};
  if (options.prompt.mode == Mode::image && sample.images.empty()) tell("note: no --image: scored without one");
  const std::vector<double> scores = scorer.score(prepared).front();
  tell_warnings(prepared.front().notes);
  EqualScores equal_scores;
  equal_scores.add(scores, sample.responses);
  tell_warning(equal_scores);
  if (!flags.json) {
    print_table(flags.responses, scores);
    if (options.prompt.clock) fmt::print("  date {}\n", options.prompt.clock->date());
    return;
  }
  OrderedJson line = {{"scores", OrderedJson::array()}};
  for (const double score : scores)
    line["scores"].push_back(parse_ordered_json_or_throw(fmt::format("{}", static_cast<float>(score)), "score"));
  if (!prepared.front().notes.empty()) line["texts"] = prepared.front().notes.json();
  if (options.prompt.clock) line["date"] = options.prompt.clock->date();
  fmt::print("{}\n", line.dump());
}

void score_input(const ScoreFlags& flags) {
  const OpenedModel model = flags.model.open();
  const ScorerOptions options = flags.model.scorer_options(kModes.at(flags.mode));
  ScoreRunOptions run_options{flags.input, std::nullopt,       flags.batch_samples,
                              flags.force, flags.resume_mixed, settings(flags, model, options)};
  if (!flags.output.empty()) run_options.output = flags.output;
  EqualScores equal_scores;
  run_options.seen = [&](const Sample& sample, const std::vector<double>& scores) {
    equal_scores.add(scores, sample.responses);
  };
  ScoreRun run(std::move(run_options));
  if (run.finished()) {
    tell(fmt::format("{}: all {} samples are scored already", flags.output, run.total()));
    tell_warning(equal_scores);
    return;
  }
  if (run.done() > 0) tell(fmt::format("{}: going on after {} of {} samples", flags.output, run.done(), run.total()));
  Scorer scorer(model, options, flags.model.backend_options(model));
  if (options.prompt.mode == Mode::image && run.without_image() > 0)
    tell(fmt::format("note: {} of {} samples have no image: scored without one", run.without_image(), run.total()));
  run.score(scorer);
  tell_warnings(run.notes());
  tell_warning(equal_scores);
}

}  // namespace

void add_score_command(CLI::App& program) {
  auto flags = std::make_shared<ScoreFlags>();
  CLI::App* command = program.add_subcommand("score", "Score responses to prompts about images");
  command->footer(
      "Examples:\n"
      "  vlrm score --model OUT --image cat.jpg --prompt \"What is this?\" --response \"A cat.\" --response \"A "
      "dog.\"\n"
      "  vlrm score --model OUT --input samples.jsonl -o scores.jsonl\n"
      "  vlrm score --vlm VLM --rm RM --base BASE --recipe ties.yml --input samples.jsonl -o scores.jsonl\n\n"
      "A line of samples.jsonl: {\"id\": 1, \"images\": [\"cat.jpg\"], \"prompt\": \"What is this?\", \"responses\": "
      "[\"A cat.\", \"A dog.\"]}\n"
      "or with \"messages\": [{\"role\", \"content\"}, …] in place of \"prompt\". A killed run with -o continues where "
      "it ended, if what scores.jsonl.run.json beside it names is still the same. Relative image paths start at the "
      "folder of samples.jsonl.");
  flags->model.declare(*command);
  command->add_option("--image", flags->images, "An image file; may be given several times")->allow_extra_args(false);
  command->add_option("--prompt", flags->prompt, "The question");
  command->add_option("--response", flags->responses, "An answer to score; may be given several times")
      ->allow_extra_args(false);
  command->add_option("--input", flags->input, "Samples, a JSON object a line; - is standard input");
  command->add_option("-o,--output", flags->output, "Where scores go, a line a sample (default: standard output)");
  command
      ->add_option("--mode", flags->mode,
                   "image, no-image (the same model without its image) or text-only (a text reward model)")
      ->check(CLI::IsMember({"image", "no-image", "text-only"}))
      ->capture_default_str();
  command->add_option("--batch-samples", flags->batch_samples, "Samples computed together")
      ->check(whole_number(1))
      ->capture_default_str();
  command->add_flag("--json", flags->json, "Print a JSON object instead of a table");
  command->add_flag("--force", flags->force, "Start anew where the output exists");
  declare_resume_mixed(*command, flags->resume_mixed);
  command->callback([flags] {
    check_flags(*flags);
    if (flags->input.empty())
      score_one(*flags);
    else
      score_input(*flags);
  });
}

}  // namespace vlrm
