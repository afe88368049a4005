#include <unistd.h>
#include <vlrm/score.h>

#include <memory>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/costs_text.h"
#include "cli/distributed_options.h"
#include "cli/model_options.h"
#include "cli/usage_errors.h"
#include "results/metrics.h"

namespace vlrm {
namespace {

struct ScoreFlags {
  ModelFlags model;
  std::vector<std::string> images, responses;
  std::optional<std::string> prompt;
  std::string mode = "image";
  ScoreFileOptions file;
  DistributedFlags distributed;
  bool json = false, dry_run = false;
};

bool has_many_samples(const ScoreFlags& flags) {
  return !flags.file.input.empty() || !flags.file.images.empty();
}

void check_flags(const ScoreFlags& flags) {
  const std::string &input = flags.file.input, &folder = flags.file.images;
  const bool one = !flags.images.empty() || flags.prompt || !flags.responses.empty();
  if (input.empty() && (!flags.prompt || flags.responses.empty()))
    fail("score: {}",
         folder.empty() ? "needs --prompt and --response, or --input" : "--images needs --prompt and --response");
  if (!input.empty() && !folder.empty()) fail("score: --images does not go with --input");
  if (!input.empty() && one) fail("score: --image, --prompt and --response do not go with --input");
  if (!folder.empty() && !flags.images.empty())
    fail("score: --image does not go with --images, a folder whose images are scored one by one");
  if (!has_many_samples(flags) && !flags.file.output.empty()) fail("score: --output goes with --input or --images");
  if (!has_many_samples(flags) && flags.distributed.given())
    fail("score: --distributed and --shard go with --input or --images");
  if (!has_many_samples(flags) && flags.file.limit) fail("score: --limit goes with --input or --images");
}

void print_table(const std::vector<std::string>& responses, const std::vector<double>& scores) {
  size_t best = 0;
  for (size_t i = 1; i < scores.size(); ++i)
    if (rounded_score(scores[i]) > rounded_score(scores[best])) best = i;
  for (size_t i = 0; i < scores.size(); ++i)
    fmt::print("{} {:>10.5f}  {}\n", scores.size() > 1 && i == best ? "*" : " ", scores[i],
               printable(responses[i], 200));
}

void print_json(const Scores& scores) {
  OrderedJson line = {{"scores", OrderedJson::array()}};
  for (const double score : scores.scores)
    line["scores"].push_back(parse_ordered_json_or_throw(fmt::format("{}", static_cast<float>(score)), "score"));
  for (const auto& [name, count] : scores.texts) line["texts"][name] = count;
  if (scores.date) line["date"] = *scores.date;
  fmt::print("{}\n", line.dump());
}

void score_one(const ScoreFlags& flags) {
  const ScoreOptions options{flags.model.options, flags.mode, flags.images, *flags.prompt, flags.responses};
  if (flags.dry_run) return print_costs(score_costs(options));
  const Scores scores = score(options);
  if (flags.json) return print_json(scores);
  print_table(flags.responses, scores.scores);
  if (scores.date) fmt::print("  date {}\n", *scores.date);
}

void score_input(const ScoreFlags& flags) {
  ScoreFileOptions options = flags.file;
  options.model = flags.model.options;
  options.mode = flags.mode;
  if (!options.images.empty()) {
    options.prompt = *flags.prompt;
    options.responses = flags.responses;
  }
  if (flags.dry_run) return print_costs(score_file_costs(options));
  options.write = [](std::string_view lines) { write_all_or_throw(STDOUT_FILENO, lines, "standard output"); };
  score_file(options);
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
      "  vlrm score --model OUT --images photos --prompt \"Is it sharp?\" --response Yes. --response No. -o "
      "scores.jsonl\n"
      "  vlrm score --vlm VLM --rm RM --base BASE --recipe ties.yml --input samples.jsonl -o scores.jsonl\n"
      "  torchrun --standalone --nproc-per-node 8 --no-python vlrm score --distributed --model OUT --input "
      "samples.jsonl -o scores.jsonl\n"
      "  vlrm score --vlm VLM --rm RM --method linear --weight-rm 0.5 --input samples.jsonl --limit 1 --dry-run\n\n"
      "A line of samples.jsonl: {\"id\": 1, \"images\": [\"cat.jpg\"], \"prompt\": \"What is this?\", \"responses\": "
      "[\"A cat.\", \"A dog.\"]}\n"
      "or with \"messages\": [{\"role\", \"content\"}, …] in place of \"prompt\". \"image\" stands for one image, "
      "\"chosen\" and \"rejected\" for two "
      "responses; the id of a line without one is its number; other fields come back with the scores. A killed run "
      "with -o continues where "
      "it ended, if what scores.jsonl.run.json beside it names is still the same. Relative image paths start at the "
      "folder of samples.jsonl. With --images each image in the folder and the folders in it (.jpg, .jpeg, .png, "
      ".webp), "
      "in the order of their names, is a sample whose id is its name below the folder.");
  flags->model.declare(*command);
  command->add_option("--image", flags->images, "An image file; may be given several times")->allow_extra_args(false);
  command->add_option("--prompt", flags->prompt, "The question");
  command->add_option("--response", flags->responses, "An answer to score; may be given several times")
      ->allow_extra_args(false);
  command->add_option("--images", flags->file.images, "A folder: its images are scored one by one, with one prompt");
  command->add_option("--input", flags->file.input, "Samples, a JSON object a line; - is standard input");
  command->add_option("-o,--output", flags->file.output, "Where scores go, a line a sample (default: standard output)");
  command
      ->add_option("--mode", flags->mode,
                   "image, no-image (the same model without its image) or text-only (a text reward model)")
      ->check(one_of({"image", "no-image", "text-only"}))
      ->capture_default_str();
  declare_limit(*command, flags->file.limit, "samples");
  declare_batch_size(*command, flags->file.batch_samples, "--batch-samples", "Samples computed together");
  command->add_flag("--json", flags->json, "Print a JSON object instead of a table");
  command->add_flag("--force", flags->file.force, "Start again where the output exists");
  declare_resume_mixed(*command, flags->file.resume_mixed);
  flags->distributed.declare(*command);
  declare_dry_run(*command, flags->dry_run);
  command->callback([flags, command] {
    check_flags(*flags);
    flags->file.ranks = flags->distributed.ranks(*command, flags->model.options);
    if (has_many_samples(*flags))
      score_input(*flags);
    else
      score_one(*flags);
  });
}

}  // namespace vlrm
