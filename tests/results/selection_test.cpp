#include "results/selection.h"

#include "runs.h"
#include "support/support.h"

using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

// A run of a recipe, of ten rows.
RunSummary recipe_run(const BenchmarkKind& kind, const std::string& method, double weight, int right,
                      const std::string& stamp = "one") {
  std::vector<Outcome> rows;
  for (int i = 0; i < 10; ++i) rows.push_back(pair("wild", i < right ? 1 : -1));
  RunResults run = run_of(kind, fmt::format("{} {}", method, weight), rows);
  run.path = fmt::format("{}/{}-{}", kind.task, method, weight);
  run.info.data = RunData{"data", "", "", stamp};
  run.info.recipe = MergedRecipe{"", method, weight, weight, std::nullopt, "models"};
  return summarize(run);
}

std::vector<RunSummary> sweep(const BenchmarkKind& kind, const std::vector<int>& right, const std::string& stamp) {
  std::vector<RunSummary> runs;
  for (size_t i = 0; i < right.size(); ++i)
    runs.push_back(recipe_run(kind, i < 2 ? "linear" : "ties", static_cast<double>(i), right[i], stamp));
  return runs;
}

std::vector<RunSummary> validation() {
  return sweep(kRlaifV, {5, 6, 9, 8}, "validation");
}
std::vector<RunSummary> test_runs() {
  return sweep(kVlRewardBench, {3, 4, 6, 7}, "test");
}

TEST(Selection, MarksTheBestOfThreeOrMoreOverTheSameRows) {
  auto runs = sweep(kRlaifV, {5, 7, 7}, "one");
  runs.push_back(recipe_run(kRlaifV, "linear", 9, 10, "other data"));
  runs.push_back(recipe_run(kRlaifV, "linear", 8, 9));
  runs.back().info.recipe.reset();  // not of a recipe
  mark_selected(runs);
  std::vector<int64_t> selected;
  for (const RunSummary& run : runs) selected.push_back(run.selected_of);
  EXPECT_EQ(selected, (std::vector<int64_t>{0, 3, 3, 0, 0}));
  runs.erase(runs.begin());
  mark_selected(runs);
  for (const RunSummary& run : runs) EXPECT_EQ(run.selected_of, 0);
}

TEST(Selection, OfEqualsIsNoSelection) {
  auto runs = sweep(kRlaifV, {5, 5, 5}, "one");
  mark_selected(runs);
  for (const RunSummary& run : runs) EXPECT_EQ(run.selected_of, 0);
}

TEST(Selection, AnUnfinishedRecipeIsNoCandidate) {
  auto runs = sweep(kRlaifV, {5, 7, 8, 4}, "one");
  runs[2].complete = false;
  mark_selected(runs);
  EXPECT_EQ(runs[1].selected_of, 3);
  EXPECT_EQ(runs[2].selected_of, 0);
}

TEST(Selection, IsSaidInEveryLayout) {
  auto runs = validation();
  mark_selected(runs);
  const auto table = [&](Layout layout) {
    TableOptions options{layout, 1, false};
    options.choosing = "Choose elsewhere.";
    return rendered(benchmark_tables(runs, options)[0], layout);
  };
  const std::string note =
      "selected on these rows: the best of 4 recipes; its figure is too high by selection. Choose "
      "elsewhere.";
  EXPECT_THAT(table(Layout::text), HasSubstr("ties 2‡        10     *90.0\n"));
  EXPECT_THAT(table(Layout::text), HasSubstr("‡ selected on these rows: the best of 4 recipes;"));
  EXPECT_THAT(table(Layout::markdown), HasSubstr("| ties 2‡"));
  EXPECT_THAT(table(Layout::markdown), HasSubstr("‡ " + note));
  EXPECT_THAT(table(Layout::latex), HasSubstr("ties 2$^\\ddagger$ & "));
  EXPECT_THAT(table(Layout::latex), HasSubstr("$^\\ddagger$ " + note));
  EXPECT_THAT(table(Layout::html), HasSubstr("<figcaption>‡ " + note));
  EXPECT_THAT(rendered(joint_table(runs, {}), Layout::text), HasSubstr("‡ RLAIF-V: selected on these rows"));
  EXPECT_EQ(summary_json(runs[2])["selected_of"], 4);
  EXPECT_FALSE(summary_json(runs[1]).contains("selected_of"));
}

TEST(RecipeChoice, IsOfEachMethodAndOfAll) {
  const auto all = choose_recipes(validation(), test_runs());
  ASSERT_EQ(all.size(), 1U);
  ASSERT_EQ(all[0].choices.size(), 3U);
  const RecipeChoice &linear = all[0].choices[0], &ties = all[0].choices[1], &any = all[0].choices[2];
  EXPECT_EQ(linear.family, "linear");
  EXPECT_EQ(linear.recipes, 2);
  EXPECT_EQ(linear.test.label, "linear 1");
  EXPECT_EQ(ties.validation.percent, 90);
  EXPECT_EQ(ties.test.percent, 60);
  EXPECT_EQ(ties.best_on_test.label, "ties 3");
  EXPECT_EQ(ties.best_on_test.percent, 70);
  EXPECT_EQ(any.family, "");
  EXPECT_EQ(any.recipes, 4);
  EXPECT_EQ(any.test.label, "ties 2");
  ASSERT_TRUE(any.test.interval);
  const std::string table = rendered(choices_table(all[0], {Layout::text, 1, false}), Layout::text);
  EXPECT_THAT(table, HasSubstr("Recipes chosen by Accuracy of RLAIF-V\n"));
  EXPECT_THAT(table, HasSubstr("ties 2    all recipes: 4     90.0            60.0         70.0      ties 3\n"));
  EXPECT_TRUE(choices_json(all[0])["choices"][2]["method"].is_null());
}

TEST(RecipeChoice, SaysWhereSeveralAreEquallyGood) {
  const auto all = choose_recipes(sweep(kRlaifV, {5, 5, 9, 9}, "validation"), test_runs());
  EXPECT_EQ(all[0].choices[1].best, 2);
  EXPECT_EQ(all[0].choices[1].test.label, "ties 2");
  EXPECT_THAT(rendered(choices_table(all[0], {}), Layout::text),
              HasSubstr("ties: 2 recipes have the highest figure; the first of them is chosen."));
}

TEST(RecipeChoice, Errors) {
  const auto error = [](const std::vector<RunSummary>& choose_on, const std::vector<RunSummary>& report_on) {
    return error_of([&] { choose_recipes(choose_on, report_on); });
  };
  auto runs = validation();
  runs[0].complete = false;
  runs[0].info.rows = 20;
  EXPECT_THAT(error(runs, test_runs()), HasSubstr("rlaif-v/linear-0: has 10 of 20 rows; a recipe is chosen among"));
  runs = validation();
  runs[3].info.data->stamp = "other";
  EXPECT_THAT(error(runs, test_runs()), HasSubstr("rlaif-v/linear-0 and rlaif-v/ties-3: not over the same rows"));
  runs = validation();
  runs.push_back(test_runs()[0]);
  EXPECT_THAT(error(runs, test_runs()), HasSubstr("choose_on: its runs are of several benchmarks, RLAIF-V and VL-Rew"));
  runs = validation();
  for (RunSummary& run : runs) run.info.recipe.reset();
  EXPECT_THAT(error(runs, test_runs()), HasSubstr("choose_on: nothing to choose from"));

  auto tests = test_runs();
  tests.erase(tests.begin() + 2);
  EXPECT_THAT(error(validation(), tests), HasSubstr("report_on: no run of VL-RewardBench has the recipe ties 2 that"));
  tests = test_runs();
  tests[2].info.recipe->models = "others";
  EXPECT_THAT(error(validation(), tests), HasSubstr("that was chosen, and the same models"));
  tests = test_runs();
  tests.push_back(tests[2]);
  EXPECT_THAT(error(validation(), tests), HasSubstr("both have the recipe ties 2 that was chosen; name one of them"));
  tests = test_runs();
  tests[2].complete = false;
  tests[2].info.rows = 20;
  EXPECT_THAT(error(validation(), tests), HasSubstr("vl-rewardbench/ties-2: has 10 of 20 rows; finish the evaluation"));
  EXPECT_THAT(error(validation(), validation()), HasSubstr("over the same data; a figure on rows that chose"));
}

}  // namespace
}  // namespace vlrm::testing
