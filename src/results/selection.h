// Of many recipes one is the best, if only by chance: what its figure is worth depends on which rows chose it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "results/tables.h"

namespace vlrm {

// Marks the best of three or more complete runs of recipes over the same rows (of the same benchmark, data, responses
// and mode, and as many): their selected_of is the number of these runs. Of equals all are marked, but for
// when all runs are equal.
void mark_selected(std::vector<RunSummary>& runs);

// A run's ranked figure.
struct FigureOfRun {
  std::string label, path;
  double percent = 0;
  std::optional<Interval> interval;  // in percent
};

// What one family of recipes, or all of them, come to.
struct RecipeChoice {
  std::string family;  // the method; empty: all
  int64_t recipes = 0;
  int64_t best = 0;             // recipes that have the highest figure; the first of them is chosen
  FigureOfRun validation;       // of the chosen recipe, on the rows that chose it
  FigureOfRun test;             // of the same recipe
  FigureOfRun best_on_test;     // of the family's recipe that is best there, chosen on these rows
  int64_t recipes_on_test = 0;  // that this one was chosen from
};

struct RecipeChoices {
  BenchmarkKind validation, test;
  std::string validation_metric, test_metric;  // "Accuracy"
  std::vector<RecipeChoice> choices;  // a method each, in the order of the runs, and of all if there are several
};

// Chooses among the runs of `choose_on`, which are of one benchmark, by their ranked figure, and finds the runs of the
// same recipes and models among `report_on`: one item for each benchmark there. Runs without a recipe are passed over.
// Throws Error where runs are unfinished or over different rows, where no run or more than one matches, where both are
// over the same rows, and where there is nothing to choose from.
std::vector<RecipeChoices> choose_recipes(const std::vector<RunSummary>& choose_on,
                                          const std::vector<RunSummary>& report_on);

OrderedJson choices_json(const RecipeChoices& choices);
Grid choices_table(const RecipeChoices& choices, const TableOptions& options);

}  // namespace vlrm
