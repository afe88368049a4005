// vlrm reproduce: the paper's tables, from checkpoints and datasets to a folder.
#include <unistd.h>
#include <vlrm/reproduce.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/hub_download.h"
#include "base/joined.h"
#include "base/progress.h"
#include "cli/benchmark_options.h"
#include "cli/commands.h"
#include "cli/costs_text.h"
#include "cli/model_options.h"
#include "cli/option_names.h"
#include "cli/usage_errors.h"

namespace vlrm {
namespace {

constexpr size_t kLongestReason = 2000;  // bytes

struct ReproduceFlags {
  ReproduceOptions options;
  std::vector<std::string> data, responses, captions;
  bool dry_run = false;
};

// "textvqa_val=FILE".
std::map<std::string, std::string> named_values(const char* flag, const std::vector<std::string>& texts) {
  return values_by_name(texts, [&](const std::string& text, bool has_name) {
    if (has_name) fail("{} {}: another one is named before it", flag, printable(text));
    fail("{} {}: name the benchmark, too, as in textvqa_val={}", flag, printable(text), printable(text));
  });
}

// What a step lacks stands beneath the plan, once for all that lack it.
void print_reasons(const std::vector<ReproduceStep>& steps) {
  std::vector<std::pair<std::string, std::vector<std::string>>> reasons;
  for (size_t i = 0; i < steps.size(); ++i)
    for (const std::string& why : steps[i].why) {
      auto found = std::ranges::find(reasons, why, [](const auto& reason) { return reason.first; });
      if (found == reasons.end()) found = reasons.insert(found, {why, {}});
      found->second.push_back(fmt::format("{}", i + 1));
    }
  for (const auto& [why, numbers] : reasons)
    fmt::print("{} {}: {}\n", numbers.size() == 1 ? "step" : "steps", joined(numbers),
               with_option_names(printable(why, kLongestReason)));
  if (!reasons.empty()) fmt::print("\n");
}

// The seconds of what scores, and how much of the plan they are.
void print_total(const std::vector<ReproduceStep>& steps) {
  size_t left = 0, done = 0, unknown = 0;
  double seconds = 0;
  int64_t memory = 0;
  for (const ReproduceStep& step : steps) {
    done += step.state == ReproduceStep::State::done ? 1 : 0;
    if (step.state != ReproduceStep::State::left) continue;
    ++left;
    if (!step.costs) ++unknown;
    if (!step.costs) continue;
    seconds += step.costs->seconds;
    memory = std::max(memory, step.costs->memory);
  }
  fmt::print("{} steps: {} done, {} left, {} cannot be done now", steps.size(), done, left, steps.size() - done - left);
  if (memory > 0)
    fmt::print("; {}{}, about {} of memory", seconds < 1 ? "" : "at least ", time_text(seconds),
               human_bytes(static_cast<double>(memory)));
  if (unknown > 0) fmt::print("; the time of {} is not known before", unknown);
  fmt::print("\n\n");
}

void print_plan(const std::vector<ReproduceStep>& steps) {
  for (size_t i = 0; i < steps.size(); ++i) {
    const bool timed = steps[i].costs && steps[i].costs->weight_rate > 0;
    fmt::print("{:>3}  {:<7}  {}{}\n", i + 1, state_name(steps[i].state), printable(steps[i].what),
               timed ? ", " + time_text(steps[i].costs->seconds) : "");
  }
  fmt::print("\n");
  print_reasons(steps);
  print_total(steps);
  std::fflush(stdout);
}

void run_reproduce(ReproduceFlags& flags) {
  ReproduceOptions& options = flags.options;
  options.data = named_values("--data", flags.data);
  options.responses = named_values("--responses", flags.responses);
  options.captions = named_values("--captions", flags.captions);
  if (flags.dry_run) {
    set_offline(true);
    return print_plan(reproduce_plan(options));
  }
  const Reproduced done = reproduce(options, print_plan);
  fmt::print("{}\n{}: tables.txt, tables.md, tables.tex, report.html, plan.json\n", with_option_names(done.summary),
             options.output);
  if (done.complete) return;
  const auto lacking = std::ranges::count_if(
      done.steps, [](const ReproduceStep& step) { return step.state != ReproduceStep::State::done; });
  throw Error(fmt::format("{} of {} steps cannot be done: what they need is missing. The tables hold the others; the "
                          "same command goes on",
                          lacking, done.steps.size()),
              done.exit_code);
}

void declare_paper(CLI::App& command, ReproduceFlags& flags) {
  ReproduceOptions& options = flags.options;
  command.add_option("-o,--output", options.output, "The folder: results, tables and the page")->required();
  command.add_option("--vlm", options.vlm, "The vision-language model")->capture_default_str();
  command
      .add_option("--rm", options.rm,
                  "The text reward model; given again, another one with tables of its own (default: "
                  "the paper's two)")
      ->expected(1)
      ->take_all();
  command.add_option("--base", options.base, "The base that they were tuned from")->capture_default_str();
  command
      .add_option("--only", options.only, "Of the tables' benchmarks: vl-rewardbench, textvqa, mmmu-pro (default: all)")
      ->delimiter(',')
      ->check(offering({"vl-rewardbench", "textvqa", "mmmu-pro"}));
  const std::string names = " (NAME=PLACE, where NAME is one of " + names_of(all_benchmarks()) + ")";
  command.add_option("--data", flags.data, "A dataset in place of the benchmark's own" + names);
  command.add_option("--responses", flags.responses,
                     "Responses to TextVQA or MMMU-Pro, as vlrm answers writes them (NAME=FILE)");
  command.add_option("--captions", flags.captions, "Captions, which the VLM else writes (NAME=FILE)");
  command.add_option("--caption-prompt", options.caption_prompt, "As vlrm caption --prompt-template");
  command.add_option("--judge-prompt", options.judge_prompt, "As vlrm judge --prompt-template");
  command.add_option("--judge-system-prompt", options.judge_system_prompt, "As vlrm judge --system-prompt");
  command.add_flag("--write-responses", options.write_responses, "Have the VLM write responses that no file has");
  command.add_option("--recipes", options.recipes,
                     "What is chosen from: files or a quoted pattern ('dir/*.yml'; default: the paper's 58)");
  declare_limit(command, options.limit, "rows of each benchmark");
  command
      .add_option("--max-new-tokens", options.max_new_tokens,
                  "Most tokens of a caption, response or judgement (default: the reference's)")
      ->check(whole_number(1));
  declare_batch_size(command, options.batch_samples, "--batch-samples", "Rows computed together");
  command.add_option("--device", options.model.device, "cpu, cuda or cuda:N; auto: a GPU where libtorch sees one")
      ->check(offering({"auto", "cpu", "cuda"}))
      ->capture_default_str();
  command
      .add_option("--dtype", options.model.dtype,
                  "Of the weights: float32, bfloat16 or float16 (the reference's); auto: "
                  "as stored, on a GPU float16")
      ->check(offering({"auto", "bfloat16", "float16", "float32"}))
      ->capture_default_str();
  command.add_option("--weights", options.model.weights, "resident, streamed (a layer at a time) or auto")
      ->check(one_of({"auto", "resident", "streamed"}))
      ->capture_default_str();
  command.add_option("--date", options.model.date,
                     "Date for templates that ask for one: \"01 Jan 2025\" or \"today\" (default: the template's own)");
  declare_resume_mixed(command, options.resume_mixed);
  command.add_flag("--dry-run", flags.dry_run,
                   "Print the plan alone: what is done, left and missing, and about how long it takes");
}

}  // namespace

void add_reproduce_command(CLI::App& program) {
  CLI::App* command =
      program.add_subcommand("reproduce", "Make a paper's tables: every evaluation in one resumable run");
  command->require_subcommand(1);
  const auto flags = std::make_shared<ReproduceFlags>();
  CLI::App* paper = command->add_subcommand("paper", "The tables of arXiv 2502.13487");
  declare_paper(*paper, *flags);
  paper->callback([flags] { run_reproduce(*flags); });
  command->footer(
      "Examples:\n"
      "  vlrm reproduce paper --dry-run -o tables\n"
      "  vlrm reproduce paper --responses textvqa_val=best_of_n/textvqa_val.jsonl -o tables\n"
      "  vlrm reproduce paper --vlm VLM --rm RM --base BASE --only vl-rewardbench --limit 100 -o small\n\n"
      "Recipes are chosen on RLAIF-V for VL-RewardBench, and on TextVQA train 100 for best of N. A killed run "
      "continues "
      "where it ended. Steps whose models or data are missing are named, and the others run.");
}

}  // namespace vlrm
