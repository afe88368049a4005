#include "results/selection.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "results/run_order.h"
#include "results/table_cells.h"

namespace vlrm {
namespace {

constexpr int64_t kFewestRecipes = 3;  // of which the best is called selected

using Summaries = std::vector<const RunSummary*>;

// The data as far as both runs know it: its stamp, or else its name.
bool same_data(const RunInfo& a, const RunInfo& b) {
  if (!a.data || !b.data) return !a.data && !b.data;
  if (!a.data->stamp.empty() && !b.data->stamp.empty()) return a.data->stamp == b.data->stamp;
  return a.data->name == b.data->name && a.data->config == b.data->config && a.data->split == b.data->split;
}

bool same_rows(const RunSummary& a, const RunSummary& b) {
  return same_benchmark(a.info.benchmark, b.info.benchmark) && same_data(a.info, b.info) && a.rows == b.rows &&
         a.info.responses == b.info.responses && a.info.mode == b.info.mode;
}

double figure_of(const RunSummary& run) {
  const Metric* metric = ranked_metric(run);
  return metric == nullptr ? -1 : metric->percent.value_or(-1);
}

bool is_candidate(const RunSummary& run) {
  return run.info.recipe && run.complete && figure_of(run) >= 0;
}

// The first of the highest.
const RunSummary& best_of(const Summaries& runs) {
  return **std::ranges::max_element(runs, {}, [](const RunSummary* run) { return figure_of(*run); });
}

FigureOfRun figure_of_run(const RunSummary& run) {
  return {run.info.label, run.path.string(), figure_of(run), ranked_metric(run)->interval};
}

bool same_recipe(const MergedRecipe& a, const MergedRecipe& b) {
  const auto file = [](const MergedRecipe& recipe) { return std::filesystem::path(recipe.file).filename(); };
  return a.method == b.method && a.weight_vlm == b.weight_vlm && a.weight_rm == b.weight_rm && a.density == b.density &&
         file(a) == file(b) && a.models == b.models;
}

// Those that were merged from recipes; all of them complete, and over the same rows.
Summaries candidates_of(const std::vector<RunSummary>& runs) {
  Summaries candidates;
  for (const RunSummary& run : runs) {
    if (!same_benchmark(run.info.benchmark, runs.front().info.benchmark))
      throw OptionError("choose_on",
                        fmt::format("its runs are of several benchmarks, {} and {}; choose on one",
                                    runs.front().info.benchmark.full_title(), run.info.benchmark.full_title()));
    if (!run.info.recipe) continue;
    if (!run.complete)
      fail("{}: has {} of {} rows; a recipe is chosen among finished evaluations", run.path.string(), run.rows,
           *run.info.rows);
    if (!is_candidate(run)) fail("{}: has no figure to choose by", run.path.string());
    candidates.push_back(&run);
    if (!same_rows(*candidates.front(), run))
      fail("{} and {}: not over the same rows, so their figures do not choose a recipe",
           candidates.front()->path.string(), run.path.string());
  }
  if (candidates.empty())
    throw OptionError("choose_on", "nothing to choose from: no run in it says which recipe its model was merged by");
  return candidates;
}

// The run of the same recipe.
const RunSummary& match_of(const RunSummary& chosen, const Summaries& tests) {
  const RunSummary* match = nullptr;
  for (const RunSummary* run : tests) {
    if (!run->info.recipe || !same_recipe(*chosen.info.recipe, *run->info.recipe)) continue;
    if (match != nullptr)
      fail("{} and {}: both have the recipe {} that was chosen; name one of them", match->path.string(),
           run->path.string(), chosen.info.label);
    match = run;
  }
  if (match == nullptr)
    throw OptionError("report_on", fmt::format("no run of {} has the recipe {} that was chosen, and the same models",
                                               tests.front()->info.benchmark.full_title(), chosen.info.label));
  if (!match->complete)
    fail("{}: has {} of {} rows; finish the evaluation of the recipe that was chosen", match->path.string(),
         match->rows, *match->info.rows);
  if (!is_candidate(*match)) fail("{}: has no figure to report", match->path.string());
  return *match;
}

Summaries of_family(const Summaries& runs, const std::string& family) {
  Summaries found;
  for (const RunSummary* run : runs)
    if (is_candidate(*run) && (family.empty() || run->info.recipe->method == family)) found.push_back(run);
  return found;
}

RecipeChoice choice_in(const std::string& family, const Summaries& candidates, const Summaries& tests) {
  const Summaries choose_from = of_family(candidates, family);
  const RunSummary& chosen = best_of(choose_from);
  const RunSummary& match = match_of(chosen, tests);
  if (same_rows(chosen, match) || (same_benchmark(chosen.info.benchmark, match.info.benchmark) && chosen.info.data &&
                                   match.info.data && same_data(chosen.info, match.info)))
    fail("{} and {}: over the same data; a figure on rows that chose the recipe is too high", chosen.path.string(),
         match.path.string());
  Summaries on_test;
  for (const RunSummary* run : of_family(tests, family))
    if (same_rows(*run, match)) on_test.push_back(run);
  RecipeChoice choice{family,
                      std::ssize(choose_from),
                      0,
                      figure_of_run(chosen),
                      figure_of_run(match),
                      figure_of_run(best_of(on_test)),
                      std::ssize(on_test)};
  choice.best =
      std::ranges::count_if(choose_from, [&](const RunSummary* run) { return figure_of(*run) == figure_of(chosen); });
  return choice;
}

OrderedJson figure_json(const FigureOfRun& run) {
  OrderedJson json{{"label", run.label}, {"path", run.path}, {"percent", run.percent}, {"interval", nullptr}};
  if (run.interval) json["interval"] = {run.interval->low, run.interval->high};
  return json;
}

std::string figure_text(const FigureOfRun& run, const TableOptions& options) {
  std::string figure = number(run.percent, options.digits);
  if (!options.intervals || !run.interval) return figure;
  return figure + " (" + number(run.interval->low, 1) + (options.layout == Layout::latex ? "--" : "–") +
         number(run.interval->high, 1) + ")";
}

}  // namespace

void mark_selected(std::vector<RunSummary>& runs) {
  for (RunSummary& run : runs) {
    run.selected_of = 0;
    if (!is_candidate(run)) continue;
    int64_t recipes = 0;
    bool best = true, above = false;
    for (const RunSummary& other : runs) {
      if (!is_candidate(other) || !same_rows(run, other)) continue;
      ++recipes;
      best = best && figure_of(other) <= figure_of(run);
      above = above || figure_of(other) < figure_of(run);
    }
    if (best && above && recipes >= kFewestRecipes) run.selected_of = recipes;
  }
}

std::vector<RecipeChoices> choose_recipes(const std::vector<RunSummary>& choose_on,
                                          const std::vector<RunSummary>& report_on) {
  const Summaries candidates = candidates_of(choose_on);
  std::vector<std::string> families;
  for (const RunSummary* run : candidates)
    if (std::ranges::find(families, run->info.recipe->method) == families.end())
      families.push_back(run->info.recipe->method);
  if (families.size() > 1) families.emplace_back();
  std::vector<RecipeChoices> all;
  for (const Summaries& tests : by_benchmark(report_on)) {
    const RunSummary& first = *candidates.front();
    RecipeChoices choices{first.info.benchmark, tests.front()->info.benchmark, ranked_metric(first)->name, {}, {}};
    for (const std::string& family : families) choices.choices.push_back(choice_in(family, candidates, tests));
    choices.test_metric = ranked_metric(*tests.front())->name;
    all.push_back(std::move(choices));
  }
  return all;
}

OrderedJson choices_json(const RecipeChoices& choices) {
  OrderedJson json{
      {"validation", {{"benchmark", choices.validation.full_title()}, {"metric", choices.validation_metric}}},
      {"test", {{"benchmark", choices.test.full_title()}, {"metric", choices.test_metric}}},
      {"choices", OrderedJson::array()}};
  for (const RecipeChoice& choice : choices.choices)
    json["choices"].push_back({{"method", choice.family.empty() ? OrderedJson(nullptr) : OrderedJson(choice.family)},
                               {"recipes", choice.recipes},
                               {"equally_good", choice.best},
                               {"validation", figure_json(choice.validation)},
                               {"test", figure_json(choice.test)},
                               {"best_on_test", figure_json(choice.best_on_test)},
                               {"recipes_on_test", choice.recipes_on_test}});
  return json;
}

Grid choices_table(const RecipeChoices& choices, const TableOptions& options) {
  Grid grid;
  grid.title = fmt::format("Recipes chosen by {} of {}", choices.validation_metric, choices.validation.full_title());
  grid.columns = {{"", "Recipe"},           {"", "Among"},       {"", choices.validation.title},
                  {"", choices.test.title}, {"", "Best there‡"}, {"", "Its recipe"}};
  for (const RecipeChoice& choice : choices.choices) {
    const std::string of = choice.family.empty() ? "all recipes" : choice.family;
    grid.rows.push_back({choice.validation.label, fmt::format("{}: {}", of, choice.recipes),
                         number(choice.validation.percent, options.digits), figure_text(choice.test, options),
                         number(choice.best_on_test.percent, options.digits), choice.best_on_test.label});
    if (choice.best > 1)
      grid.notes.push_back(
          fmt::format("{}: {} recipes have the highest figure; the first of them is chosen.", of, choice.best));
  }
  grid.notes.push_back(
      fmt::format("{}: {} of the chosen recipe{}. ‡ selected on these rows: the highest of the family, "
                  "too high by selection.",
                  choices.test.title, choices.test_metric, options.intervals ? ", with its 95% interval" : ""));
  grid.title = escaped(grid.title, options.layout);
  for (GridColumn& column : grid.columns) column.name = escaped(column.name, options.layout);
  for (auto& row : grid.rows)
    for (std::string& cell : row) cell = escaped(cell, options.layout);
  for (std::string& note : grid.notes) note = escaped(note, options.layout);
  return grid;
}

}  // namespace vlrm
