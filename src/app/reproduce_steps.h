// The steps to the paper's tables: one place says what each needs and which call it is.
#pragma once

#include <vlrm/costs.h>
#include <vlrm/dataset.h>
#include <vlrm/reproduce.h>

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/named_recipe.h"

namespace vlrm {

// A benchmark of the tables, and the one whose rows its recipes are chosen on.
struct PaperBenchmark {
  const char* only;  // the name that a user chooses it by
  const char* name;
  const char* validation;
};
struct PaperMethod {
  const char* name;   // in recipes
  const char* title;  // in tables
};
inline constexpr PaperMethod kPaperMethods[] = {{"linear", "Linear"},
                                                {"task_arithmetic", "Task Vec."},
                                                {"ties", "TIES"},
                                                {"dare_linear", "DARE + Task Vec."},
                                                {"dare_ties", "DARE + TIES"}};

// A recipe that was chosen, and by what.
struct ChosenRecipe {
  std::string rm, method, validation;  // folder of the RM, method's and benchmark's name
  std::string recipe;                  // its name
  double percent = 0;                  // of the validation's rows
  int64_t rows = 0, candidates = 0;
  std::vector<std::string> equals;  // others with the same figure, which come behind it in the sweep
  std::string warning;              // of equal scores, which may be why it is the best
};

// What both the steps and the tables go by. Throws OptionError.
class PaperSetup {
 public:
  explicit PaperSetup(const ReproduceOptions& options);
  const ReproduceOptions& options() const { return options_; }
  const std::vector<PaperBenchmark>& tests() const { return tests_; }
  std::vector<std::string> validations() const;
  struct TextModel {
    std::string name, folder, title;
  };
  const std::vector<TextModel>& rms() const { return rms_; }
  const std::string& vlm_title() const { return vlm_title_; }
  const std::vector<NamedRecipe>& recipes() const { return recipes_; }
  std::vector<std::string> recipes_of(const std::string& method) const;  // their names
  // The methods that recipes are of.
  std::vector<PaperMethod> methods() const;

  std::filesystem::path path(const std::string& step) const { return std::filesystem::path(options_.output) / step; }
  // The best by the figure of all rows, the first of the sweep of equal ones; nothing while the sweep is not complete.
  std::optional<ChosenRecipe> chosen(const TextModel& rm, const std::string& method,
                                     const std::string& validation) const;

 private:
  const ReproduceOptions options_;
  std::vector<PaperBenchmark> tests_;
  std::vector<TextModel> rms_;
  std::string vlm_title_;
  std::vector<NamedRecipe> recipes_;
};

// Whether the folder holds a complete run.
bool is_complete_run(const std::filesystem::path& folder);

struct PaperStep {
  std::string name, what;  // as in ReproduceStep
  std::vector<std::string> models = {};
  std::vector<DatasetName> datasets = {};
  std::map<std::string, std::string> files = {};  // that users name, and what to do where one is not there
  std::vector<std::string> after = {};            // names of steps
  std::function<bool()> done = {};
  std::function<void()> run = {};
  std::function<Costs()> costs = {};  // of steps that score
  std::string costs_as = {};          // steps with the same words here cost the same
};

// In the order in which they are run. They use `setup`, which must live as long.
std::vector<PaperStep> paper_steps(const PaperSetup& setup);

}  // namespace vlrm
