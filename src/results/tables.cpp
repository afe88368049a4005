#include "results/tables.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "python/json.h"

namespace vlrm {
namespace {

constexpr const char* kUnfinished = "†";

// A metric of a run in a table; nothing where the run has none.
struct Cell {
  const Metric* metric = nullptr;
  bool complete = true;
  bool best = false;
};

std::string number(double value, int digits) {
  return fmt::format("{:.{}f}", value, digits);
}

std::string interval_text(const Interval& interval, Layout layout) {
  return fmt::format("{:.1f}{}{:.1f}", interval.low, layout == Layout::latex ? "--" : "–", interval.high);
}

std::string marked(const std::string& text, Layout layout) {
  if (layout == Layout::markdown) return "**" + text + "**";
  if (layout == Layout::html) return "<strong>" + text + "</strong>";
  return layout == Layout::latex ? "\\textbf{" + text + "}" : "*" + text;
}

std::string cell_text(const Cell& cell, const TableOptions& options) {
  if (cell.metric == nullptr) return "";
  if (!cell.metric->percent) return "n/a";
  std::string text = number(*cell.metric->percent, options.digits);
  if (cell.best) text = marked(text, options.layout);
  if (!options.intervals || !cell.metric->interval || !is_of_model(cell.metric->figure)) return text;
  const std::string interval = interval_text(*cell.metric->interval, options.layout);
  if (options.layout == Layout::text) return text + "\n" + interval;
  if (options.layout == Layout::html) return text + " <small>" + interval + "</small>";
  return options.layout == Layout::markdown ? text + " (" + interval + ")"
                                            : text + " {\\scriptsize (" + interval + ")}";
}

bool shown(const std::string& metric, const TableOptions& options) {
  const auto& named = options.metrics;
  return named.empty() || std::find(named.begin(), named.end(), metric) != named.end();
}

// Marks the best of each column where there are at least two to choose from, of as many samples. Whether somewhere they
// are not.
bool mark_best(std::vector<std::vector<Cell>>& rows) {
  bool uneven = false;
  for (size_t column = 0; !rows.empty() && column < rows.front().size(); ++column) {
    std::vector<Cell*> candidates;
    for (auto& row : rows) {
      Cell& cell = row[column];
      if (cell.metric != nullptr && cell.complete && is_of_model(cell.metric->figure) && cell.metric->percent)
        candidates.push_back(&cell);
    }
    if (candidates.size() < 2) continue;
    const int64_t count = candidates.front()->metric->count;
    if (std::any_of(candidates.begin(), candidates.end(), [&](auto* cell) { return cell->metric->count != count; })) {
      uneven = true;
      continue;
    }
    const auto less = [](const Cell* a, const Cell* b) { return *a->metric->percent < *b->metric->percent; };
    const double best = *(*std::max_element(candidates.begin(), candidates.end(), less))->metric->percent;
    for (Cell* cell : candidates) cell->best = *cell->metric->percent == best;
  }
  return uneven;
}

std::vector<std::string> notes_of(const std::vector<std::vector<Cell>>& rows, bool uneven, bool unfinished,
                                  const TableOptions& options) {
  bool best = false, intervals = false;
  for (const auto& row : rows)
    for (const Cell& cell : row) {
      best = best || cell.best;
      intervals = intervals || (cell.metric != nullptr && is_of_model(cell.metric->figure) && cell.metric->interval);
    }
  std::string note;
  if (best)
    note += (options.layout == Layout::text ? "* best of the complete runs. " : "Bold: best of the complete runs. ");
  if (uneven) note += "No best is marked where runs have different numbers of samples. ";
  if (intervals && options.intervals) note += "Ranges: 95% intervals, bootstrap over samples. ";
  if (unfinished) note += std::string(kUnfinished) + " unfinished. ";
  if (note.empty()) return {};
  note.pop_back();
  return {escaped(note, options.layout)};
}

// As numpy.argmax has it, NaN is the highest: an accuracy from such rows says little.
void note_rows(Grid& grid, const RunSummary& run, const std::string& label, Layout layout) {
  if (run.info.limited)
    grid.notes.push_back(
        escaped(fmt::format("{}: only the first {} rows of the benchmark.", label, *run.info.rows), layout));
  if (!run.info.left_out.empty())
    grid.notes.push_back(escaped(fmt::format("{}: without {}.", label, run.info.left_out), layout));
  if (run.equal_scores.equal() > 0)
    grid.notes.push_back(escaped(fmt::format("{}: {} of {} pairs have equal scores; the first of equals is chosen.",
                                             label, run.equal_scores.equal(), run.equal_scores.pairs()),
                                 layout));
  if (run.not_finite > 0)
    grid.notes.push_back(
        escaped(fmt::format("{}: {} of {} rows have scores that are not finite numbers; NaN counts as the highest.",
                            label, run.not_finite, run.rows),
                layout));
  for (const std::string& warning : run.notes.warnings())
    grid.notes.push_back(escaped(fmt::format("{}: {}.", label, warning), layout));
}

std::string samples_text(const RunSummary& run) {
  return run.complete ? fmt::format("{}", run.rows) : fmt::format("{}/{}{}", run.rows, *run.info.rows, kUnfinished);
}

// "TextVQA, best of 8" where a file of responses decides how many there are.
std::string title_of(const std::vector<const RunSummary*>& runs) {
  const RunSummary& first = *runs.front();
  std::string title = first.info.benchmark.full_title();
  if (first.info.benchmark.subtask.empty() || first.info.benchmark.is_pairs()) return title;
  const bool same = std::ranges::all_of(runs, [&](auto* run) { return run->responses == first.responses; });
  return fmt::format("{}, best of {}", title, same && first.responses ? fmt::format("{}", *first.responses) : "N");
}

Grid benchmark_table(const std::vector<const RunSummary*>& runs, const TableOptions& options) {
  const bool latex = options.layout == Layout::latex;  // ready for a paper: without the number of samples
  Grid grid;
  grid.title = escaped(title_of(runs), options.layout);
  grid.columns.push_back({"", "Method"});
  if (!latex) grid.columns.push_back({"", "Samples"});
  const auto& metrics = runs.front()->metrics;
  for (size_t i = 0; i < metrics.size(); ++i) {
    if (!shown(metrics[i].name, options)) continue;
    const bool same =
        std::all_of(runs.begin(), runs.end(), [&](auto* run) { return run->metrics[i].name == metrics[i].name; });
    const std::string name = same ? metrics[i].name : std::string(figure_title(metrics[i].figure));  // "Pass@N"
    grid.columns.push_back({"", escaped(name, options.layout)});
  }
  std::vector<std::vector<Cell>> rows;
  bool unfinished = false;
  for (const RunSummary* run : runs) {
    std::vector<Cell> row;
    for (size_t i = 0; i < metrics.size(); ++i)
      if (shown(metrics[i].name, options)) row.push_back({&run->metrics[i], run->complete, false});
    rows.push_back(std::move(row));
    unfinished = unfinished || !run->complete;
  }
  const bool uneven = mark_best(rows);
  const auto labels = distinct_labels(runs);
  for (size_t i = 0; i < runs.size(); ++i) {
    std::vector<std::string> cells{escaped(labels[i], options.layout)};
    if (latex && !runs[i]->complete) cells[0] += escaped(kUnfinished, options.layout);
    if (!latex) cells.push_back(samples_text(*runs[i]));
    for (const Cell& cell : rows[i]) cells.push_back(cell_text(cell, options));
    grid.rows.push_back(std::move(cells));
  }
  grid.notes = notes_of(rows, uneven, unfinished, options);
  for (size_t i = 0; i < runs.size(); ++i) note_rows(grid, *runs[i], labels[i], options.layout);
  return grid;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == text.npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

// Benchmarks of one title stand under it, told apart by their variant: "standard" under "MMMU-Pro".
GridColumn joint_column(const BenchmarkKind& kind, const Metric& metric) {
  if (kind.variant.empty()) return {kind.title, metric.name};
  const bool only_figure = std::ranges::count_if(kind.figures, is_of_model) == 1 && kind.groups.empty();
  return {kind.title, only_figure ? kind.variant : kind.variant + " " + metric.name};
}

// Markdown has no headings above columns. There, names say the benchmark, but those of the only one that has groups.
// `owners`: the benchmark of each column; none of the first.
void name_benchmarks(std::vector<GridColumn>& columns, const std::vector<const BenchmarkKind*>& owners) {
  std::set<const BenchmarkKind*> grouped;
  for (const BenchmarkKind* owner : owners)
    if (owner != nullptr && !owner->groups.empty()) grouped.insert(owner);
  for (size_t i = 0; i < columns.size(); ++i)
    if (owners[i] != nullptr && !(grouped.size() == 1 && grouped.contains(owners[i])))
      columns[i].name = columns[i].group + " " + columns[i].name;
}

std::string p_text(double p) {
  return p < 1e-4 ? "<0.0001" : fmt::format("{:.4f}", p);
}

std::vector<std::string> distribution_row(const std::string& name, const std::optional<Distribution>& all) {
  if (!all) return {name, "0", "", "", "", "", "", "", ""};
  std::vector<std::string> cells{name, fmt::format("{}", all->count)};
  for (const double value : {all->mean, all->deviation, all->minimum, all->q25, all->median, all->q75, all->maximum})
    cells.push_back(fmt::format("{:.3f}", value));
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

Grid length_table(const RunSummary& run) {
  const bool pairs = run.info.benchmark.is_pairs();
  Grid grid{pairs ? "Accuracy by length gap (characters of the preferred response less the other's)"
                  : "Accuracy by length gap (characters of the chosen response less the mean of all)",
            {{"", "Gap"}, {"", "Samples"}, {"", "Accuracy"}},
            {},
            {}};
  for (const LengthBin& bin : run.length_gap)
    grid.rows.push_back({fmt::format("{0:.{2}f} to {1:.{2}f}", bin.low, bin.high, pairs ? 0 : 1),
                         fmt::format("{}", bin.count), number(bin.accuracy * 100, 1)});
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

}  // namespace

std::vector<std::vector<const RunSummary*>> by_benchmark(const std::vector<RunSummary>& runs) {
  std::vector<std::vector<const RunSummary*>> benchmarks;
  for (const RunSummary& run : runs) {
    const auto found = std::find_if(benchmarks.begin(), benchmarks.end(), [&](const auto& others) {
      return same_benchmark(others.front()->info.benchmark, run.info.benchmark);
    });
    if (found == benchmarks.end())
      benchmarks.push_back({&run});
    else
      found->push_back(&run);
  }
  return benchmarks;
}

std::vector<std::string> distinct_labels(const std::vector<const RunSummary*>& runs) {
  std::map<std::string, int> uses;
  for (const RunSummary* run : runs) ++uses[run->info.label];
  std::vector<std::string> labels;
  for (const RunSummary* run : runs)
    labels.push_back(uses[run->info.label] == 1 ? run->info.label
                                                : run->info.label + " (" + printable(run->path.string()) + ")");
  return labels;
}

std::vector<Grid> benchmark_tables(const std::vector<RunSummary>& runs, const TableOptions& options) {
  std::vector<Grid> grids;
  for (const auto& benchmark : by_benchmark(runs)) grids.push_back(benchmark_table(benchmark, options));
  return grids;
}

Grid joint_table(const std::vector<RunSummary>& runs, const TableOptions& options) {
  Grid grid;
  grid.columns.push_back({"", "Method"});
  std::vector<std::string> labels;
  for (const RunSummary& run : runs)
    if (std::find(labels.begin(), labels.end(), run.info.label) == labels.end()) labels.push_back(run.info.label);
  std::vector<std::vector<Cell>> rows(labels.size());
  std::vector<bool> unfinished(labels.size());
  std::vector<const BenchmarkKind*> owners(1);  // of columns
  for (const auto& benchmark : by_benchmark(runs)) {
    const BenchmarkKind& kind = benchmark.front()->info.benchmark;
    const size_t first = grid.columns.size() - 1;
    for (const Metric& metric : benchmark.front()->metrics)
      if (is_of_model(metric.figure) && shown(metric.name, options)) grid.columns.push_back(joint_column(kind, metric));
    if (grid.columns.size() - 1 == first) continue;  // none of its columns is shown
    owners.resize(grid.columns.size(), &kind);
    for (auto& row : rows) row.resize(grid.columns.size() - 1);
    for (const RunSummary* run : benchmark) {
      const auto place = static_cast<size_t>(std::find(labels.begin(), labels.end(), run->info.label) - labels.begin());
      if (rows[place][first].metric != nullptr)
        fail("{}: another run of {} has the label \"{}\" as well; one table needs one a label", run->path.string(),
             kind.full_title(), run->info.label);
      size_t column = first;
      for (const Metric& metric : run->metrics)
        if (is_of_model(metric.figure) && shown(metric.name, options))
          rows[place][column++] = {&metric, run->complete, false};
      unfinished[place] = unfinished[place] || !run->complete;
    }
  }
  const bool uneven = mark_best(rows);
  if (options.layout == Layout::markdown) name_benchmarks(grid.columns, owners);
  for (GridColumn& column : grid.columns)
    column = {escaped(column.group, options.layout), escaped(column.name, options.layout)};
  for (size_t i = 0; i < labels.size(); ++i) {
    std::vector<std::string> cells{escaped(labels[i] + (unfinished[i] ? kUnfinished : ""), options.layout)};
    for (const Cell& cell : rows[i]) cells.push_back(cell_text(cell, options));
    grid.rows.push_back(std::move(cells));
  }
  const bool some_unfinished = std::find(unfinished.begin(), unfinished.end(), true) != unfinished.end();
  grid.notes = notes_of(rows, uneven, some_unfinished, options);
  for (const RunSummary& run : runs)
    note_rows(grid, run, run.info.benchmark.full_title() + ", " + run.info.label, options.layout);
  return grid;
}

Grid comparison_table(const Comparison& comparison, const TableOptions& options) {
  Grid grid;
  grid.title =
      escaped(fmt::format("A: {}  B: {}  ({} samples)", comparison.a.label, comparison.b.label, comparison.rows),
              options.layout);
  grid.columns = {{"", comparison.a.benchmark.full_title()},
                  {"", "Samples"},
                  {"", "A"},
                  {"", "B"},
                  {"", "A − B"},
                  {"", "95% interval"},
                  {"", "Only A"},
                  {"", "Only B"},
                  {"", "p"}};
  for (GridColumn& column : grid.columns) column.name = escaped(column.name, options.layout);
  for (const MetricComparison& metric : comparison.metrics) {
    if (!shown(metric.metric, options)) continue;
    grid.rows.push_back({escaped(metric.metric, options.layout), fmt::format("{}", metric.count),
                         number(metric.a, options.digits), number(metric.b, options.digits),
                         fmt::format("{:+.{}f}", metric.a - metric.b, options.digits),
                         fmt::format("{:+.1f} to {:+.1f}", metric.difference.low, metric.difference.high),
                         metric.only_a ? fmt::format("{}", *metric.only_a) : "",
                         metric.only_b ? fmt::format("{}", *metric.only_b) : "", p_text(metric.p)});
  }
  grid.notes = {"p: McNemar's exact test where samples are counted that only one got right, else a paired bootstrap."};
  return grid;
}

std::vector<Grid> detail_tables(const RunSummary& run, const TableOptions& options) {
  if (!run.ties) return {};
  std::vector<Grid> grids{score_table(run), length_table(run)};
  if (!run.curve.empty()) grids.push_back(curve_table(run));
  grids.front().title = escaped(run.info.benchmark.full_title() + ", " + run.info.label + ": scores", options.layout);
  grids.front().notes = {ties_text(*run.ties)};
  for (Grid& grid : grids)
    for (GridColumn& column : grid.columns) column.name = escaped(column.name, options.layout);
  return grids;
}

std::string csv_of(const std::vector<RunSummary>& runs) {
  const auto exact = [](const std::optional<double>& value) { return value ? python_float(*value) : "n/a"; };
  std::string out = "benchmark,label,path,complete,metric,count,percent,low,high\n";
  for (const RunSummary& run : runs)
    for (const Metric& metric : run.metrics)
      out += fmt::format("{},{},{},{},{},{},{},{},{}\n", csv_field(run.info.benchmark.full_title()),
                         csv_field(run.info.label), csv_field(run.path.string()), run.complete, csv_field(metric.name),
                         metric.count, exact(metric.percent), metric.interval ? python_float(metric.interval->low) : "",
                         metric.interval ? python_float(metric.interval->high) : "");
  return out;
}

}  // namespace vlrm
