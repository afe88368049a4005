// allenai/reward-bench-2 (arXiv 2506.01937): the best of four texts, and questions that have several right answers. No
// images: what merging costs in skill with texts.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "results/result_folder.h"
#include "tasks/benchmarks/benchmarks.h"
#include "tasks/row_fields.h"

namespace vlrm {
namespace {

const std::vector<std::string> kSubsets{"Factuality", "Precise IF", "Math", "Safety", "Focus", "Ties"};
constexpr size_t kTies = 5;

BenchmarkRow row_of(Row& row) {
  const RowFields fields(row);
  BenchmarkRow made;
  made.id = fields.id("id");
  made.query = fields.text("prompt");
  made.responses = fields.texts("chosen");
  const size_t right = made.responses.size();
  for (std::string& text : fields.texts("rejected")) made.responses.push_back(std::move(text));
  OrderedJson correctness = OrderedJson::array();
  for (size_t i = 0; i < made.responses.size(); ++i) correctness.push_back(i < right ? 1 : 0);
  const std::string subset = fields.text("subset");
  const auto found = std::ranges::find_if(kSubsets, [&](const std::string& known) { return same_name(known, subset); });
  if (found == kSubsets.end()) fail("{}: \"subset\" is {}, none of RewardBench 2's", row.source, printable(subset));
  made.group = static_cast<size_t>(found - kSubsets.begin());
  made.fields = {{"id", made.id}, {"input", made.query}, {"responses", made.responses}, {"correctness", correctness}};
  return made;
}

// Ties: "ref:7" and "tied:7" are the same question with one right answer and with several.
std::string unit_of_id(std::string_view id) {
  const size_t colon = id.find(':');
  return std::string(colon == id.npos ? id : id.substr(colon + 1));
}

// One right answer shares its credit with the wrong ones that score as high.
double best_of_four(const Outcome& row) {
  const double best = *std::ranges::max_element(row.scores);
  return row.scores.front() == best ? 1 / static_cast<double>(std::ranges::count(row.scores, best)) : 0;
}

struct Margins {
  double among_right, to_wrong;  // best less worst right score; worst right less best wrong
};

Margins margins_of(const Outcome& row) {
  double best = -INFINITY, worst = INFINITY, wrong = -INFINITY;
  for (size_t i = 0; i < row.scores.size(); ++i) {
    if (row.correctness[i] == 0) {
      wrong = std::max(wrong, row.scores[i]);
    } else {
      best = std::max(best, row.scores[i]);
      worst = std::min(worst, row.scores[i]);
    }
  }
  return {best - worst, worst - wrong};
}

// The paper's formula, which is a mean over questions: 60% whether right answers score above wrong ones, 40% whether
// they are closer to each other than to these.
double tie_value(const Outcome& reference, const Outcome& tied) {
  const Margins one = margins_of(reference), several = margins_of(tied);
  const double least = std::min(one.to_wrong, several.to_wrong);
  const double closeness = std::tanh(least / several.among_right - 1);
  return 0.3 * (several.to_wrong > 0) + 0.3 * (one.to_wrong > 0) + 0.2 * (several.to_wrong > several.among_right) +
         0.2 * (least > several.among_right) + 0.01 * (std::isnan(closeness) ? 0 : closeness);
}

std::optional<double> value_of(size_t group, const std::vector<const Outcome*>& rows) {
  if (group != kTies) {  // ids are not repeated there
    double sum = 0;
    for (const Outcome* row : rows) sum += best_of_four(*row);
    return sum / static_cast<double>(rows.size());
  }
  const Outcome *reference = nullptr, *tied = nullptr;
  for (const Outcome* row : rows) (row->id.starts_with("ref:") ? reference : tied) = row;
  if (reference == nullptr || tied == nullptr) return std::nullopt;
  return tie_value(*reference, *tied);
}

}  // namespace

const BenchmarkSpec rewardbench_2_benchmark{
    .kind = {.task = "rewardbench-2",
             .title = "RewardBench 2",
             .shape = {RowKind::best_of_n, true},
             .figures = {Figure::group, Figure::average},
             .groups = kSubsets,
             .of_bare_files = false,
             .unit_of_id = unit_of_id,
             .unit_value = value_of},
    .data = {"allenai/reward-bench-2", "", "test"},
    .columns = {{"id", "prompt", "chosen", "rejected", "subset"}},
    .row = row_of,
    .summary = "allenai/reward-bench-2: the best of four texts, without images",
    .may_lack_images = true,
};

}  // namespace vlrm
