#include "app/reproduce_steps.h"

#include <vlrm/evaluate.h>
#include <vlrm/write.h>

#include <algorithm>

#include "base/atomic_output.h"
#include "base/error.h"
#include "merge/published_recipes.h"
#include "tasks/benchmark_table.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr const char* kPublishedResponses =
    "name a file with `responses` {0}=FILE (the authors' is best_of_n/{0}.jsonl of github.com/lca0503/MergeToVLRM), or "
    "have the VLM write it with `write_responses`";

const BenchmarkSpec& spec_of(const std::string& name) {
  return *find_benchmark(all_benchmarks(), name);
}

std::string title_of_benchmark(const std::string& name) {
  return spec_of(name).kind.full_title();
}

// The recipe's file, which a merge on load reads: the user's, or a published one, which is put into the folder.
std::string recipe_file(const PaperSetup& setup, const std::string& name) {
  if (!setup.options().recipes.empty()) {
    for (const NamedRecipe& recipe : setup.recipes())
      if (recipe.name() == name) return recipe.recipe.source;
  }
  for (const RecipeFile& file : published_recipes()) {
    if (fs::path(file.name).stem() != name) continue;
    const fs::path path = setup.path("recipes") / file.name;
    fs::create_directories(path.parent_path());
    write_file_atomically(path, file.text, true);
    return path.string();
  }
  fail("{}: is none of the recipes", printable(name));
}

// A merge by the method that writes no file.
void name_some_merge(ModelOptions& model, const PaperSetup& setup, const PaperMethod& method) {
  if (!setup.options().recipes.empty()) {
    model.recipe = recipe_file(setup, setup.recipes_of(method.name).front());
    return;
  }
  model.method = method.name;
  const bool linear = model.method == "linear";
  (linear ? model.weight_rm : model.weight) = 0.5;
  if (!linear && model.method != "task_arithmetic") model.density = 0.8;
}

class StepTable {
 public:
  explicit StepTable(const PaperSetup& setup) : setup_(setup), options_(setup.options()) {}

  std::vector<PaperStep> all() {
    for (const PaperBenchmark& test : setup_.tests()) add_responses(test.name);
    for (const PaperBenchmark& test : setup_.tests()) add_random(test.name);
    for (const auto& rm : setup_.rms())
      for (const PaperBenchmark& test : setup_.tests()) add_text_only(rm, test.name);
    for (const std::string& validation : setup_.validations()) add_responses(validation);
    for (const auto& rm : setup_.rms())
      for (const std::string& validation : setup_.validations()) add_sweep(rm, validation);
    for (const char* mode : {"image", "no-image"})
      for (const auto& rm : setup_.rms())
        for (const PaperMethod& method : setup_.methods())
          for (const PaperBenchmark& test : setup_.tests()) add_chosen(rm, method, test, mode);
    for (const PaperBenchmark& test : setup_.tests()) add_captions(test.name);
    for (const auto& rm : setup_.rms())
      for (const PaperBenchmark& test : setup_.tests()) add_cascade(rm, test.name);
    for (const PaperBenchmark& test : setup_.tests()) add_judge(test.name);
    return std::move(steps_);
  }

 private:
  using TextModel = PaperSetup::TextModel;

  // What the VLM writes about a benchmark's images.
  PaperStep of_vlm(const std::string& name, const std::string& what, const std::string& benchmark) const {
    PaperStep step{name, what};
    step.models = {options_.vlm};
    step.datasets = {dataset(benchmark)};
    return step;
  }

  // The VLM's answers, where no file has any. Of TextVQA train 100 nobody has published some.
  void add_responses(const std::string& benchmark) {
    if (spec_of(benchmark).has_responses() || !writes_responses(benchmark)) return;
    PaperStep step =
        of_vlm("responses/" + benchmark, "the VLM's answers to " + title_of_benchmark(benchmark), benchmark);
    AnswersOptions how;
    how.task = benchmark;
    how.write = writing(benchmark, responses(benchmark));
    how.write.sampling.temperature = 1;
    step.run = [how] { answers(how); };
    step.done = [file = how.write.output] { return fs::exists(file); };
    add(std::move(step));
  }

  void add_random(const std::string& benchmark) {
    EvaluateOptions how = evaluation(benchmark, "test/random/" + benchmark, "random", "Random");
    add_evaluation("random choice on " + title_of_benchmark(benchmark), benchmark, how);
  }

  void add_text_only(const TextModel& rm, const std::string& benchmark) {
    EvaluateOptions how = evaluation(benchmark, fmt::format("test/{}/text-only/{}", rm.folder, benchmark), "text-only",
                                     rm.title + ", text only");
    how.model.model = rm.name;
    add_evaluation(fmt::format("{} alone on {}", rm.title, title_of_benchmark(benchmark)), benchmark, how);
  }

  void add_captions(const std::string& benchmark) {
    if (options_.captions.contains(benchmark)) return;
    PaperStep step =
        of_vlm("captions/" + benchmark, "the VLM's captions of " + title_of_benchmark(benchmark), benchmark);
    need_responses(step, benchmark);
    CaptionOptions how;
    how.task = benchmark;
    how.responses = responses(benchmark);
    how.prompt_template = options_.caption_prompt;
    need_file(step, "caption_prompt", options_.caption_prompt);
    how.write = writing(benchmark, captions(benchmark));
    step.run = [how] { caption(how); };
    step.done = [file = how.write.output] { return fs::exists(file); };
    add(std::move(step));
  }

  void add_cascade(const TextModel& rm, const std::string& benchmark) {
    EvaluateOptions how = evaluation(benchmark, fmt::format("test/{}/cascade/{}", rm.folder, benchmark), "cascade",
                                     labelled("Cascade", rm));
    how.model.model = rm.name;
    how.captions = captions(benchmark);
    add_evaluation(fmt::format("{} with captions on {}", rm.title, title_of_benchmark(benchmark)), benchmark, how);
  }

  void add_judge(const std::string& benchmark) {
    PaperStep step =
        of_vlm("test/judge/" + benchmark, "the VLM as a judge of " + title_of_benchmark(benchmark), benchmark);
    need_responses(step, benchmark);
    JudgeOptions how;
    how.task = benchmark;
    how.responses = responses(benchmark);
    how.label = setup_.vlm_title() + ", judge";
    how.prompt_template = options_.judge_prompt;
    how.system_prompt = options_.judge_system_prompt;
    need_file(step, "judge_prompt", options_.judge_prompt);
    need_file(step, "judge_system_prompt", options_.judge_system_prompt);
    how.write = writing(benchmark, setup_.path(step.name).string());
    step.run = [how] { judge(how); };
    step.done = [folder = how.write.output] { return is_complete_run(folder); };
    add(std::move(step));
  }

  void add_sweep(const TextModel& rm, const std::string& benchmark) {
    SweepOptions how;
    how.evaluate = evaluation(benchmark, fmt::format("validation/{}/{}", rm.folder, benchmark), "image", "");
    name_merged_models(how.evaluate.model, rm);
    how.recipes = options_.recipes;
    how.paper = options_.recipes.empty();
    PaperStep step{fmt::format("validation/{}/{}", rm.folder, benchmark),
                   fmt::format("{} recipe{} with {} on {}, to choose from", setup_.recipes().size(),
                               setup_.recipes().size() == 1 ? "" : "s", rm.title, title_of_benchmark(benchmark))};
    need_data(step, benchmark, true);
    step.models = merged_models(rm);
    step.run = [how] { sweep(how); };
    step.costs = [how] { return sweep_costs(how); };
    step.costs_as = "sweep of " + benchmark;
    step.done = [&setup = setup_, folder = fs::path(how.evaluate.output)] {
      return std::ranges::all_of(setup.recipes(),
                                 [&](const NamedRecipe& recipe) { return is_complete_run(folder / recipe.name()); });
    };
    add(std::move(step));
  }

  void add_chosen(const TextModel& rm, const PaperMethod& method, const PaperBenchmark& test, const std::string& mode) {
    const bool sees = mode == "image";
    EvaluateOptions how = evaluation(
        test.name, fmt::format("test/{}/{}{}/{}", rm.folder, method.name, sees ? "" : "-no-image", test.name), mode,
        labelled(sees ? method.title : fmt::format("{}, no image", method.title), rm));
    name_merged_models(how.model, rm);
    PaperStep step = evaluation_step(fmt::format("{} with {}, the chosen recipe{} on {}", method.title, rm.title,
                                                 sees ? "" : ", no image,", title_of_benchmark(test.name)),
                                     test.name, how);
    step.models = merged_models(rm);
    step.after.push_back(fmt::format("validation/{}/{}", rm.folder, test.validation));
    step.run = [&setup = setup_, how, rm, method, validation = std::string(test.validation)]() mutable {
      const auto chosen = setup.chosen(rm, method.name, validation);
      VLRM_ASSERT(chosen);
      how.model.recipe = recipe_file(setup, chosen->recipe);
      evaluate(how);
    };
    step.costs = [&setup = setup_, how, method]() mutable {  // any recipe of the method costs the same
      name_some_merge(how.model, setup, method);
      return evaluate_costs(how);
    };
    add(std::move(step));
  }

  void add_evaluation(const std::string& what, const std::string& benchmark, const EvaluateOptions& how) {
    add(evaluation_step(what, benchmark, how));
  }

  PaperStep evaluation_step(const std::string& what, const std::string& benchmark, const EvaluateOptions& how) {
    PaperStep step{fs::path(how.output).lexically_relative(options_.output).string(), what};
    need_data(step, benchmark, how.mode == "image");
    if (!how.model.model.empty()) step.models = {how.model.model};
    if (how.mode == "cascade" && options_.captions.contains(benchmark))
      need_file(step, "captions", how.captions);
    else if (how.mode == "cascade")
      step.after.push_back("captions/" + benchmark);
    step.run = [how] { evaluate(how); };
    step.costs = [how] { return evaluate_costs(how); };
    step.costs_as = how.mode + " of " + benchmark;
    step.done = [folder = how.output] { return is_complete_run(folder); };
    return step;
  }

  EvaluateOptions evaluation(const std::string& benchmark, const std::string& step, const std::string& mode,
                             const std::string& label) const {
    EvaluateOptions how;
    how.model = options_.model;
    how.benchmark = spec_of(benchmark).has_responses() ? benchmark : "best-of-n";
    if (!spec_of(benchmark).has_responses()) how.task = benchmark;
    how.responses = responses(benchmark);
    how.data.data = named_data(benchmark);
    how.mode = mode;
    how.label = label;
    how.output = setup_.path(step).string();
    how.batch_samples = options_.batch_samples;
    how.limit = options_.limit;
    how.resume_mixed = options_.resume_mixed;
    return how;
  }

  WriteOptions writing(const std::string& benchmark, const std::string& output) const {
    WriteOptions how;
    how.model = options_.model;
    how.model.model = options_.vlm;
    how.data.data = named_data(benchmark);
    how.max_new_tokens = options_.max_new_tokens;
    how.output = output;
    how.limit = options_.limit;
    how.resume_mixed = options_.resume_mixed;
    return how;
  }

  void name_merged_models(ModelOptions& model, const TextModel& rm) const {
    model.vlm = options_.vlm;
    model.rm = rm.name;
    model.base = options_.base;
  }
  std::vector<std::string> merged_models(const TextModel& rm) const {
    std::vector<std::string> models{options_.vlm, rm.name};
    if (!options_.base.empty()) models.push_back(options_.base);
    return models;
  }

  // One table is one reward model's; a page of all shows which is whose.
  std::string labelled(const std::string& title, const TextModel& rm) const {
    return setup_.rms().size() == 1 ? title : fmt::format("{}, {}", title, rm.title);
  }

  bool writes_responses(const std::string& benchmark) const {
    return !options_.responses.contains(benchmark) && (options_.write_responses || benchmark == "textvqa_train_100");
  }
  std::string responses(const std::string& benchmark) const {
    if (spec_of(benchmark).has_responses()) return "";
    const auto named = options_.responses.find(benchmark);
    return named != options_.responses.end() ? named->second
                                             : (setup_.path("responses") / (benchmark + ".jsonl")).string();
  }
  std::string captions(const std::string& benchmark) const {
    const auto named = options_.captions.find(benchmark);
    return named != options_.captions.end() ? named->second
                                            : (setup_.path("captions") / (benchmark + ".json")).string();
  }
  std::string named_data(const std::string& benchmark) const {
    const auto named = options_.data.find(benchmark);
    return named != options_.data.end() ? named->second : "";
  }
  DatasetName dataset(const std::string& benchmark) const {
    DatasetName name = spec_of(benchmark).data;
    if (const std::string named = named_data(benchmark); !named.empty()) name.data = named;
    return name;
  }

  static void need_file(PaperStep& step, const char* option, const std::string& file) {
    if (!file.empty()) step.files.emplace(file, fmt::format("name another one with `{}`", option));
  }

  // Where the responses stand in a file, the dataset only gives the images.
  void need_data(PaperStep& step, const std::string& benchmark, bool images) const {
    need_responses(step, benchmark);
    if (images || spec_of(benchmark).has_responses()) step.datasets = {dataset(benchmark)};
  }
  void need_responses(PaperStep& step, const std::string& benchmark) const {
    if (spec_of(benchmark).has_responses()) return;
    if (writes_responses(benchmark))
      step.after.push_back("responses/" + benchmark);
    else
      step.files.emplace(responses(benchmark), fmt::format(kPublishedResponses, benchmark));
  }

  void add(PaperStep step) { steps_.push_back(std::move(step)); }

  const PaperSetup& setup_;
  const ReproduceOptions& options_;
  std::vector<PaperStep> steps_;
};

}  // namespace

std::vector<PaperStep> paper_steps(const PaperSetup& setup) {
  return StepTable(setup).all();
}

}  // namespace vlrm
