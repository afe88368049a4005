#include "results/tables.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "python/json.h"
#include "results/table_cells.h"

namespace vlrm {
namespace {

constexpr const char* kUnfinished = "†";
constexpr const char* kSelected = "‡";

// A metric of a run in a table; nothing where the run has none.
struct Cell {
  const Metric* metric = nullptr;
  bool complete = true;
  bool best = false;
};

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

// Of best of 1, Pass@N is Pass@1 once more.
bool is_pass_1_again(const Metric& metric) {
  return metric.figure == Figure::pass_n && metric.name == figure_title(Figure::pass_1);
}

// As numpy.argmax has it, NaN is the highest: an accuracy from such rows says little.
void note_rows(Grid& grid, const RunSummary& run, const std::string& label, Layout layout) {
  if (run.info.limited)
    grid.notes.push_back(
        escaped(fmt::format("{}: only the first {} rows of the benchmark.", label, *run.info.rows), layout));
  if (!run.info.left_out.empty() && !run.info.limited)  // it is counted in the whole of the data
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

// Of the runs that the same rows selected, a line for each number of recipes that they are the best of. `where`: the
// benchmark, where the table has several.
void note_selected(Grid& grid, const std::vector<const RunSummary*>& runs, const std::string& where,
                   const TableOptions& options) {
  std::set<int64_t> counts;
  for (const RunSummary* run : runs)
    if (run->selected_of > 0) counts.insert(run->selected_of);
  for (const int64_t count : counts)
    grid.notes.push_back(escaped(
        fmt::format("{} {}selected on these rows: the best of {} recipes; its figure is too high by selection.{}{}",
                    kSelected, where, count, options.choosing.empty() ? "" : " ", options.choosing),
        options.layout));
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
  const auto is_shown = [&](size_t i) {
    return options.shows(metrics[i].name) &&
           !std::ranges::all_of(runs, [&](auto* run) { return is_pass_1_again(run->metrics[i]); });
  };
  for (size_t i = 0; i < metrics.size(); ++i) {
    if (!is_shown(i)) continue;
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
      if (is_shown(i)) row.push_back({&run->metrics[i], run->complete, false});
    rows.push_back(std::move(row));
    unfinished = unfinished || !run->complete;
  }
  const bool uneven = mark_best(rows);
  const auto labels = distinct_labels(runs);
  for (size_t i = 0; i < runs.size(); ++i) {
    std::vector<std::string> cells{escaped(labels[i] + (runs[i]->selected_of > 0 ? kSelected : ""), options.layout)};
    if (latex && !runs[i]->complete) cells[0] += escaped(kUnfinished, options.layout);
    if (!latex) cells.push_back(samples_text(*runs[i]));
    for (const Cell& cell : rows[i]) cells.push_back(cell_text(cell, options));
    grid.rows.push_back(std::move(cells));
  }
  grid.notes = notes_of(rows, uneven, unfinished, options);
  note_selected(grid, runs, "", options);
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
  std::vector<bool> unfinished(labels.size()), selected(labels.size());
  std::vector<const BenchmarkKind*> owners(1);  // of columns
  for (const auto& benchmark : by_benchmark(runs)) {
    const BenchmarkKind& kind = benchmark.front()->info.benchmark;
    const size_t first = grid.columns.size() - 1;
    for (const Metric& metric : benchmark.front()->metrics)
      if (is_of_model(metric.figure) && options.shows(metric.name)) grid.columns.push_back(joint_column(kind, metric));
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
        if (is_of_model(metric.figure) && options.shows(metric.name))
          rows[place][column++] = {&metric, run->complete, false};
      unfinished[place] = unfinished[place] || !run->complete;
      selected[place] = selected[place] || run->selected_of > 0;
    }
  }
  const bool uneven = mark_best(rows);
  if (options.layout == Layout::markdown) name_benchmarks(grid.columns, owners);
  for (GridColumn& column : grid.columns)
    column = {escaped(column.group, options.layout), escaped(column.name, options.layout)};
  for (size_t i = 0; i < labels.size(); ++i) {
    std::vector<std::string> cells{
        escaped(labels[i] + (unfinished[i] ? kUnfinished : "") + (selected[i] ? kSelected : ""), options.layout)};
    for (const Cell& cell : rows[i]) cells.push_back(cell_text(cell, options));
    grid.rows.push_back(std::move(cells));
  }
  const bool some_unfinished = std::find(unfinished.begin(), unfinished.end(), true) != unfinished.end();
  grid.notes = notes_of(rows, uneven, some_unfinished, options);
  for (const auto& benchmark : by_benchmark(runs))
    note_selected(grid, benchmark, benchmark.front()->info.benchmark.full_title() + ": ", options);
  for (const RunSummary& run : runs)
    note_rows(grid, run, run.info.benchmark.full_title() + ", " + run.info.label, options.layout);
  return grid;
}

std::string csv_of(const std::vector<RunSummary>& runs) {
  const auto exact = [](const std::optional<double>& value) { return value ? python_float(*value) : "n/a"; };
  std::string out = "benchmark,label,path,complete,metric,count,percent,low,high\n";
  for (const RunSummary& run : runs)
    for (const Metric& metric : run.metrics) {
      if (is_pass_1_again(metric)) continue;
      out += fmt::format("{},{},{},{},{},{},{},{},{}\n", csv_field(run.info.benchmark.full_title()),
                         csv_field(run.info.label), csv_field(run.path.string()), run.complete, csv_field(metric.name),
                         metric.count, exact(metric.percent), metric.interval ? python_float(metric.interval->low) : "",
                         metric.interval ? python_float(metric.interval->high) : "");
    }
  return out;
}

}  // namespace vlrm
