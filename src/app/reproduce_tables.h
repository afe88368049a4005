// What is said of the steps' results.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/reproduce_steps.h"
#include "base/json.h"
#include "results/grid.h"
#include "results/summary.h"

namespace vlrm {

// Summaries of the results that are there, read once.
class PaperTables {
 public:
  PaperTables(const PaperSetup& setup, const std::vector<ReproduceStep>& steps);

  // The paper's table and that without the image for each reward model, and what was chosen; and beneath, what is
  // missing.
  std::string text(Layout layout, std::optional<size_t> width = {}) const;
  // Folders of runs, in the order of the tables; those to choose from come last.
  const std::vector<std::string>& folders() const { return folders_; }
  // {"format", "vlrm", "settings", "chosen", "steps"}, which holds no times.
  OrderedJson plan() const;

 private:
  using TextModel = PaperSetup::TextModel;
  void read_runs();
  // A row of `table` is a label, and the beginning of the names of its steps.
  using Rows = std::vector<std::pair<std::string, std::string>>;
  Rows main_rows(const TextModel& rm) const;
  Rows image_rows(const TextModel& rm) const;
  Grid table(const std::string& title, const Rows& rows, Layout layout) const;
  Grid chosen_table(Layout layout) const;
  const ChosenRecipe* chosen(const TextModel& rm, const std::string& method, const std::string& validation) const;
  OrderedJson settings() const;

  const PaperSetup& setup_;
  const std::vector<ReproduceStep>& steps_;
  std::map<std::string, RunSummary> runs_;  // by the step
  std::vector<ChosenRecipe> chosen_;
  std::vector<std::string> folders_;
};

}  // namespace vlrm
