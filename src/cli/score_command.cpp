#include <unistd.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/tell.h"
#include "base/threads.h"
#include "cli/commands.h"
#include "cli/merge_options.h"
#include "cli/usage_errors.h"
#include "family/build.h"
#include "reward/score_run.h"
#include "reward/stamps.h"
#include "weights/hub_cache.h"
#include "weights/views.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

const std::map<std::string, Mode> kModes{
    {"image", Mode::image}, {"no-image", Mode::no_image}, {"text-only", Mode::text_only}};
const std::map<std::string, BackendOptions::Weights> kWeights{{"auto", BackendOptions::Weights::automatic},
                                                              {"resident", BackendOptions::Weights::resident},
                                                              {"streamed", BackendOptions::Weights::streamed}};

struct ScoreFlags {
  std::string model, vlm, rm, base, recipe;
  std::vector<std::string> images, responses;
  std::optional<std::string> prompt;
  std::string input, output;
  std::string mode = "image", dtype, device = "cpu", weights = "auto", date;
  int64_t batch_samples = 8;
  SeedFlag seed;
  bool likelihood = false, no_exif = false, json = false, force = false;
};

void check_flags(const ScoreFlags& flags) {
  const bool merged = !flags.recipe.empty();
  if (merged == !flags.model.empty()) fail("score: needs either --model, or --recipe with --vlm, --rm and --base");
  if (merged && (flags.vlm.empty() || flags.rm.empty()))
    fail("score: --recipe needs --vlm and --rm (and --base, if the recipe has one)");
  const bool one = !flags.images.empty() || flags.prompt || !flags.responses.empty();
  if (flags.input.empty() && (!flags.prompt || flags.responses.empty()))
    fail("score: needs --prompt and --response, or --input");
  if (!flags.input.empty() && one) fail("score: --image, --prompt and --response do not go with --input");
  if (flags.input.empty() && !flags.output.empty()) fail("score: --output goes with --input");
}

// The type that the user names, or nothing.
std::optional<Dtype> named_dtype(const ScoreFlags& flags) {
  if (flags.dtype.empty()) return std::nullopt;
  return dtype_option_or_throw(flags.dtype);
}

// Weights keep the type they are stored in, or that vlrm build would store them in, unless the user names another.
Dtype chosen_dtype(const ScoreFlags& flags, const ScorerModel& model) {
  if (const auto named = named_dtype(flags)) return *named;
  if (!flags.recipe.empty()) return Dtype::bf16;
  const char* norm = model.config.vision ? "language_model.model.norm.weight" : "model.norm.weight";
  const TensorInfo* stored = model.weights->find(norm);
  return stored && is_float(stored->dtype) ? stored->dtype : Dtype::bf16;
}

ScorerModel merged_on_load(const ScoreFlags& flags) {
  BuildInputs inputs{resolve_checkpoint(flags.vlm), resolve_checkpoint(flags.rm), std::nullopt};
  if (!flags.base.empty()) inputs.base = resolve_checkpoint(flags.base);
  Recipe recipe = read_recipe_or_throw(flags.recipe);
  flags.seed.apply(recipe);
  PlannedModel plan = plan_reward_model(inputs, recipe);
  for (const auto& remark : plan.remarks) tell("note: " + remark);
  // Every weight is rounded as vlrm build would round it, those too that the arithmetic then takes as float32.
  const Dtype dtype = named_dtype(flags).value_or(Dtype::bf16);
  return {std::move(plan.config), cast(std::move(plan.weights), dtype), plan.sources};
}

ScorerModel scorer_model(const ScoreFlags& flags) {
  return flags.recipe.empty() ? ScorerModel::from_directory(resolve_checkpoint(flags.model)) : merged_on_load(flags);
}

ScorerOptions scorer_options(const ScoreFlags& flags) {
  ScorerOptions options;
  options.mode = kModes.at(flags.mode);
  options.likelihood = flags.likelihood;
  if (!flags.date.empty()) options.clock = TemplateClock::parse_or_throw(flags.date);
  options.decode.apply_exif = !flags.no_exif;
  return options;
}

// What the scores depend on. Kept beside an output file, so that a run is only ever resumed with the same.
OrderedJson settings(const ScoreFlags& flags, const ScorerOptions& options, Dtype dtype) {
  OrderedJson settings = {{"vlrm", VLRM_VERSION}, {"mode", flags.mode}, {"likelihood", flags.likelihood}};
  const auto add_directory = [&](const char* key, const std::string& name) {
    if (!name.empty()) settings[key] = {{"name", name}, {"stamp", directory_stamp(resolve_checkpoint(name))}};
  };
  add_directory("model", flags.model);
  add_directory("vlm", flags.vlm);
  add_directory("rm", flags.rm);
  add_directory("base", flags.base);
  if (!flags.recipe.empty())
    settings["recipe"] = {
        {"file", flags.recipe}, {"digest", file_digest(flags.recipe)}, {"seed", flags.seed.value.value_or(0)}};
  settings["dtype"] = torch_name(dtype);
  settings["device"] = flags.device;
  settings["exif"] = !flags.no_exif;
  if (options.clock)
    settings["date"] = options.clock->date();
  else
    settings["date"] = nullptr;
  return settings;
}

BackendOptions backend_options(const ScoreFlags& flags, Dtype dtype) {
  BackendOptions options;
  options.device = flags.device;
  options.dtype = dtype;
  options.weights = kWeights.at(flags.weights);
  options.threads = thread_count();
  return options;
}

void print_table(const std::vector<std::string>& responses, const std::vector<double>& scores) {
  size_t best = 0;
  for (size_t i = 1; i < scores.size(); ++i)
    if (rounded_score(scores[i]) > rounded_score(scores[best])) best = i;
  for (size_t i = 0; i < scores.size(); ++i)
    fmt::print("{} {:>10.5f}  {}\n", scores.size() > 1 && i == best ? "*" : " ", scores[i],
               printable(responses[i], 200));
}

void score_one(const ScoreFlags& flags) {
  const ScorerModel model = scorer_model(flags);
  Sample sample;
  sample.messages.push_back(user_message(*flags.prompt, flags.images.size()));
  sample.images.assign(flags.images.begin(), flags.images.end());
  sample.responses = flags.responses;
  const ScorerOptions options = scorer_options(flags);
  if (options.mode == Mode::image && sample.images.empty()) tell("note: no --image: scored without one");
  Scorer scorer(model, options, backend_options(flags, chosen_dtype(flags, model)));
  const std::vector<PreparedSample> prepared{scorer.prepare(sample, "the sample")};
  const std::vector<double> scores = scorer.score(prepared).front();
  if (!flags.json) {
    print_table(flags.responses, scores);
    if (options.clock) fmt::print("  date {}\n", options.clock->date());
    return;
  }
  OrderedJson line = {{"scores", OrderedJson::array()}};
  for (const double score : scores)
    line["scores"].push_back(parse_ordered_json_or_throw(fmt::format("{}", static_cast<float>(score)), "score"));
  if (options.clock) line["date"] = options.clock->date();
  fmt::print("{}\n", line.dump());
}

void score_input(const ScoreFlags& flags) {
  const ScorerModel model = scorer_model(flags);
  const Dtype dtype = chosen_dtype(flags, model);
  const ScorerOptions options = scorer_options(flags);
  ScoreRunOptions run_options{flags.input, std::nullopt, flags.batch_samples, flags.force,
                              settings(flags, options, dtype)};
  if (!flags.output.empty()) run_options.output = flags.output;
  ScoreRun run(std::move(run_options));
  if (run.finished()) {
    tell(fmt::format("{}: all {} samples are scored already", flags.output, run.total()));
    return;
  }
  if (options.mode == Mode::image && run.without_image() > 0)
    tell(fmt::format("note: {} of {} samples have no image: scored without one", run.without_image(), run.total()));
  if (run.done() > 0) tell(fmt::format("{}: going on after {} of {} samples", flags.output, run.done(), run.total()));
  Scorer scorer(model, options, backend_options(flags, dtype));
  run.score(scorer);
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
      "it ended. Relative image paths start at the folder of samples.jsonl.");
  command->add_option("--model", flags->model, "Directory or hub id of a reward model");
  auto* recipe =
      command->add_option("--recipe", flags->recipe, "Merge on load instead: a recipe (YAML), nothing is written");
  command->add_option("--vlm", flags->vlm, "With --recipe: the vision-language model")->needs(recipe);
  command->add_option("--rm", flags->rm, "With --recipe: the text reward model")->needs(recipe);
  command->add_option("--base", flags->base, "With --recipe: the base both were tuned from")->needs(recipe);
  flags->seed.declare(*command)->needs(recipe);
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
  command->add_flag("--likelihood", flags->likelihood, "Log-probability of the response instead of a reward");
  command->add_option(
      "--date", flags->date,
      "Date for templates that ask for one: \"01 Jan 2025\" or \"today\" (default: the template's own)");
  command->add_option("--dtype", flags->dtype, "Of the weights: float32, bfloat16 or float16 (default: as stored)");
  command->add_option("--device", flags->device, "cpu, cuda or cuda:N")->capture_default_str();
  command
      ->add_option("--weights", flags->weights,
                   "resident, streamed (a layer at a time) or auto: by what fits in memory")
      ->check(CLI::IsMember({"auto", "resident", "streamed"}))
      ->capture_default_str();
  command->add_option("--batch-samples", flags->batch_samples, "Samples computed together")
      ->check(whole_number(1))
      ->capture_default_str();
  command->add_flag("--no-exif", flags->no_exif, "Do not turn images by their EXIF orientation");
  command->add_flag("--json", flags->json, "Print a JSON object instead of a table");
  command->add_flag("--force", flags->force, "Start anew where the output exists");
  command->callback([flags] {
    check_flags(*flags);
    if (flags->input.empty())
      score_one(*flags);
    else
      score_input(*flags);
  });
}

}  // namespace vlrm
