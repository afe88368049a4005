#include <algorithm>

#include "app/option_checks.h"
#include "app/reproduce_steps.h"
#include "base/error.h"
#include "base/joined.h"
#include "results/metrics.h"
#include "tasks/benchmark_table.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr PaperBenchmark kPaperBenchmarks[] = {{"vl-rewardbench", "vl-rewardbench", "rlaif-v"},
                                               {"textvqa", "textvqa_val", "textvqa_train_100"},
                                               {"mmmu-pro", "mmmu_pro_standard_cot", "textvqa_train_100"},
                                               {"mmmu-pro", "mmmu_pro_vision_cot", "textvqa_train_100"}};

// Models as the paper calls them.
constexpr std::pair<const char*, const char*> kPaperTitles[] = {
    {"meta-llama/Llama-3.2-11B-Vision-Instruct", "Llama-3.2-Vision"},
    {"allenai/llama-3.1-tulu-2-8b-uf-mean-rm", "Tulu-2.5-RM"},
    {"allenai/Llama-3.1-Tulu-3-8B-RM", "Tulu-3-RM"}};

std::string last_part(const std::string& name) {
  const fs::path path(name);
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

std::string paper_title(const std::string& name) {
  for (const auto& [id, title] : kPaperTitles)
    if (name == id) return title;
  return last_part(name);
}

std::vector<PaperBenchmark> tests_of(const std::vector<std::string>& only) {
  std::vector<std::string> known;
  for (const PaperBenchmark& test : kPaperBenchmarks)
    if (known.empty() || known.back() != test.only) known.emplace_back(test.only);
  for (const std::string& name : only)
    if (std::ranges::none_of(known, [&](const auto& one) { return same_name(one, name); }))
      throw OptionError("only", fmt::format("{} is none of {}", printable(name), joined(known)));
  std::vector<PaperBenchmark> tests;
  for (const PaperBenchmark& test : kPaperBenchmarks)
    if (only.empty() || std::ranges::any_of(only, [&](const auto& name) { return same_name(name, test.only); }))
      tests.push_back(test);
  return tests;
}

// A name that is mistyped would be passed over. Those of benchmarks that `only` leaves out have no effect.
std::map<std::string, std::string> by_own_names(const char* option, const std::map<std::string, std::string>& given,
                                                const std::vector<std::string>& names) {
  std::map<std::string, std::string> result;
  for (const auto& [name, value] : given) {
    const auto own = std::ranges::find_if(names, [&, &name = name](const auto& one) { return same_name(one, name); });
    if (own == names.end()) throw OptionError(option, fmt::format("{} is none of {}", printable(name), joined(names)));
    require_named(option, value);
    if (!result.emplace(*own, value).second)
      throw OptionError(option, fmt::format("{} is named twice", printable(name)));
  }
  return result;
}

ReproduceOptions checked(ReproduceOptions options) {
  require_named("output", options.output);
  require_named("vlm", options.vlm);
  require_limit(options.limit);
  require_at_least("batch_samples", options.batch_samples, 1);
  if (options.rm.empty()) throw OptionError("rm", "at least one is needed");
  std::vector<std::string> answered, with_ids, all;
  const auto add = [](std::vector<std::string>& names, const std::string& name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  for (const PaperBenchmark& test : kPaperBenchmarks) {
    for (const char* name : {test.name, test.validation}) {
      add(all, name);
      if (!find_benchmark(all_benchmarks(), name)->has_responses()) add(answered, name);
    }
    add(with_ids, test.name);
  }
  options.data = by_own_names("data", options.data, all);
  options.responses = by_own_names("responses", options.responses, answered);
  options.captions = by_own_names("captions", options.captions, with_ids);
  return options;
}

}  // namespace

PaperSetup::PaperSetup(const ReproduceOptions& options)
    : options_(checked(options)),
      tests_(tests_of(options.only)),
      vlm_title_(paper_title(options.vlm)),
      recipes_(recipes_or_throw(options.recipes.empty(), options.recipes)) {
  for (const std::string& name : options_.rm) {
    require_named("rm", name);
    const std::string folder = last_part(name);
    for (const TextModel& other : rms_)
      if (other.folder == folder)
        throw OptionError("rm", fmt::format("{} and {} would both have the folder {}", printable(other.name),
                                            printable(name), printable(folder)));
    if (folder == "random" || folder == "judge" || folder == "." || folder == "..")
      throw OptionError("rm",
                        fmt::format("{}: a folder of this name has another use here; rename it", printable(name)));
    rms_.push_back({name, folder, paper_title(name)});
  }
  if (methods().empty()) throw OptionError("recipes", "none is of one of the paper's methods");
}

std::vector<std::string> PaperSetup::validations() const {
  std::vector<std::string> names;
  for (const PaperBenchmark& test : tests_)
    if (std::ranges::find(names, test.validation) == names.end()) names.emplace_back(test.validation);
  return names;
}

std::vector<std::string> PaperSetup::recipes_of(const std::string& method) const {
  std::vector<std::string> names;
  for (const NamedRecipe& recipe : recipes_)
    if (recipe.recipe.method->name == method) names.push_back(recipe.name());
  return names;
}

std::vector<PaperMethod> PaperSetup::methods() const {
  std::vector<PaperMethod> methods;
  for (const PaperMethod& method : kPaperMethods)
    if (!recipes_of(method.name).empty()) methods.push_back(method);
  return methods;
}

std::optional<ChosenRecipe> PaperSetup::chosen(const TextModel& rm, const std::string& method,
                                               const std::string& validation) const {
  ChosenRecipe best{rm.folder, method, validation, "", -1, 0, 0, {}, ""};
  for (const std::string& recipe : recipes_of(method)) {
    const fs::path folder = path("validation") / rm.folder / validation / recipe;
    if (!is_complete_run(folder)) return std::nullopt;
    const RunResults run = read_run(folder, all_kinds());
    ++best.candidates;
    const auto percent = accuracy_percent(summarize_choices(run.outcomes, run.info.benchmark.groups.size()).overall);
    if (!percent || *percent < best.percent) continue;
    if (*percent == best.percent) {
      best.equals.push_back(recipe);
      continue;
    }
    best.recipe = recipe;
    best.percent = *percent;
    best.rows = std::ssize(run.outcomes);
    best.equals.clear();
    best.warning = run.equal_scores.warning().value_or("");
  }
  if (best.recipe.empty()) return std::nullopt;
  return best;
}

bool is_complete_run(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::exists(folder / "run.json", ignored) || !fs::exists(folder / "results.jsonl", ignored)) return false;
  const RunResults run = read_run(folder, all_kinds());
  return run.complete() && run.info.rows;
}

}  // namespace vlrm
