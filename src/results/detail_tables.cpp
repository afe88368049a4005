// What is said of one run beyond its figures, in tables of a few lines.
#include <cmath>

#include "base/error.h"
#include "results/table_cells.h"
#include "results/tables.h"

namespace vlrm {
namespace {

std::vector<std::string> distribution_row(const std::string& name, const std::optional<Distribution>& all) {
  if (!all) return {name, "0", "", "", "", "", "", "", ""};
  std::vector<std::string> cells{name, fmt::format("{}", all->count)};
  for (const double value : {all->mean, all->deviation, all->minimum, all->q25, all->median, all->q75, all->maximum})
    cells.push_back(number(value, 3));
  return cells;
}

Grid score_table(const RunSummary& run) {
  Grid grid{"Scores",
            {{"", ""},
             {"", "Count"},
             {"", "Mean"},
             {"", "SD"},
             {"", "Min"},
             {"", "25%"},
             {"", "Median"},
             {"", "75%"},
             {"", "Max"}},
            {},
            {}};
  grid.rows = {distribution_row("all responses", run.scores.all), distribution_row("right", run.scores.right),
               distribution_row("wrong", run.scores.wrong), distribution_row("right less wrong", run.scores.margin)};
  return grid;
}

// A column a bin, so that a table has few lines.
Grid accuracy_table(std::string title, const std::string& what, const std::vector<AccuracyBin>& bins, int digits) {
  Grid grid{std::move(title), {{"", what}}, {{"Samples"}, {"Accuracy"}}, {}};
  for (const AccuracyBin& bin : bins) {
    grid.columns.push_back({"", fmt::format("{0:.{2}f} to {1:.{2}f}", bin.low, bin.high, digits)});
    grid.rows[0].push_back(fmt::format("{}", bin.count));
    grid.rows[1].push_back(number(bin.accuracy * 100, 1));
  }
  return grid;
}

Grid length_table(const RunSummary& run) {
  const bool pairs = run.info.benchmark.is_pairs();
  return accuracy_table(pairs ? "Accuracy by length gap (characters of the preferred response less the other's)"
                              : "Accuracy by length gap (characters of the chosen response less the mean of all)",
                        "Gap", run.length_gap, pairs ? 0 : 1);
}

// A bar of an eighth to a full line for each count that is not 0.
std::string bars(const std::vector<int64_t>& counts, int64_t most) {
  static constexpr const char* kBars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string text;
  for (const int64_t count : counts) text += count == 0 ? " " : kBars[(count * 8 - 1) / most];
  return text;
}

Grid margin_chart(const MarginHistogram& histogram, bool pairs) {
  const std::vector<double>& edges = histogram.edges;
  const double step = (edges.back() - edges.front()) / static_cast<double>(edges.size() - 1);
  Grid grid{fmt::format("{}, from {:g} to {:g} in steps of {:g}",
                        pairs ? "Score of the preferred response less the other's"
                              : "Best score of a right response less the best of a wrong one",
                        edges.front(), edges.back(), step),
            {{"", "Rows"}, {"", "Margins"}, {"", "Count"}},
            {},
            {}};
  int64_t most = 1;
  for (const auto* counts : {&histogram.right, &histogram.wrong})
    for (const int64_t count : *counts) most = std::max(most, count);
  for (const auto& [name, counts] : {std::pair("right", &histogram.right), std::pair("wrong", &histogram.wrong)}) {
    int64_t all = 0;
    for (const int64_t count : *counts) all += count;
    grid.rows.push_back({name, fmt::format("|{}|", bars(*counts, most)), fmt::format("{}", all)});
  }
  if (histogram.left_out > 0)
    grid.notes.push_back(fmt::format("{} rows without a finite margin are left out.", histogram.left_out));
  return grid;
}

Grid calibration_table(const Calibration& calibration) {
  Grid grid{fmt::format("Calibration: expected error {:.1f}%; probability of the chosen response, bins from",
                        calibration.error * 100),
            {{"", ""}},
            {{"Samples"}, {"Predicted"}, {"Right"}},
            {}};
  for (const CalibrationBin& bin : calibration.bins) {
    grid.columns.push_back({"", number(bin.low, 2)});
    grid.rows[0].push_back(fmt::format("{}", bin.count));
    grid.rows[1].push_back(number(bin.predicted * 100, 1));
    grid.rows[2].push_back(number(bin.right * 100, 1));
  }
  return grid;
}

Grid curve_table(const RunSummary& run) {
  Grid grid{"Best of n, expected over all subsets of n responses",
            {{"", "n"}, {"", "Chosen"}, {"", "Best possible"}},
            {},
            {}};
  for (const CurvePoint& point : run.curve)
    grid.rows.push_back({fmt::format("{}", point.n), number(point.chosen * 100, 1), number(point.best * 100, 1)});
  return grid;
}

std::string ties_text(const Ties& ties) {
  return fmt::format(
      "Equal highest scores (the first wins): {} rows, in {} of them the choice matters. Accuracy {:.3f}; with the "
      "responses reversed {:.3f}.",
      ties.rows, ties.rows_that_matter, ties.accuracy * 100, ties.accuracy_reversed * 100);
}

// Digits that tell the bins of margins apart: three figures of the largest.
int digits_of(const std::vector<AccuracyBin>& bins) {
  const double largest = bins.empty() ? 1 : bins.back().high;
  return largest > 0 ? std::clamp(2 - static_cast<int>(std::floor(std::log10(largest))), 0, 5) : 0;
}

}  // namespace

std::vector<Grid> detail_tables(const RunSummary& run, const TableOptions& options) {
  if (!run.ties) return {};
  std::vector<Grid> grids{score_table(run)};
  grids.front().title = run.info.benchmark.full_title() + ", " + run.info.label + ": scores";
  grids.front().notes = {ties_text(*run.ties)};
  if (run.margin_histogram && options.layout != Layout::latex)
    grids.push_back(margin_chart(*run.margin_histogram, run.info.benchmark.is_pairs()));
  if (!run.accuracy_by_margin.empty())
    grids.push_back(accuracy_table("Accuracy by margin (the highest score less the second)", "Margin",
                                   run.accuracy_by_margin, digits_of(run.accuracy_by_margin)));
  if (run.calibration) grids.push_back(calibration_table(*run.calibration));
  if (!run.length_gap.empty()) grids.push_back(length_table(run));
  if (!run.curve.empty()) grids.push_back(curve_table(run));
  for (Grid& grid : grids) {
    grid.title = escaped(grid.title, options.layout);
    for (GridColumn& column : grid.columns) column.name = escaped(column.name, options.layout);
    for (std::string& note : grid.notes) note = escaped(note, options.layout);
  }
  return grids;
}

}  // namespace vlrm
