#include "results/comparison_matrix.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "results/metrics.h"
#include "results/run_order.h"
#include "results/statistics.h"
#include "results/table_cells.h"

namespace vlrm {
namespace {

constexpr double kSignificant = 0.05;

// A run that can be compared, under its name in tables.
struct Candidate {
  const RunResults* run;
  std::string label;
};

// Sets of candidates over the same samples.
std::vector<std::vector<Candidate>> by_samples(const std::vector<Candidate>& candidates) {
  std::vector<std::vector<Candidate>> sets;
  for (const Candidate& candidate : candidates) {
    const auto found = std::ranges::find_if(
        sets, [&](const auto& set) { return difference_of_samples(*set.front().run, *candidate.run).empty(); });
    if (found == sets.end())
      sets.push_back({candidate});
    else
      found->push_back(candidate);
  }
  return sets;
}

using Values = std::vector<std::vector<double>>;  // by group

// What the ranked figure is a mean of: of the groups' means where it is their average, else all in one.
Values ranked_values(const RunResults& run, bool by_group) {
  auto values = values_by_group(run.outcomes, run.info.benchmark);
  if (by_group) return values;
  std::vector<double> all;
  for (const auto& group : values) all.insert(all.end(), group.begin(), group.end());
  return {std::move(all)};
}

MatrixCell cell_of(const RunResults& a, const RunResults& b, const Values& left, const Values& right) {
  std::vector<std::vector<double>> differences;
  int64_t only_a = 0, only_b = 0;
  double mean = 0;
  for (size_t group = 0; group < left.size(); ++group) {
    auto& own = differences.emplace_back();
    double sum = 0;
    for (size_t i = 0; i < left[group].size(); ++i) {
      own.push_back(left[group][i] - right[group][i]);
      sum += own.back();
      only_a += own.back() > 0;
      only_b += own.back() < 0;
    }
    mean += sum / static_cast<double>(own.size() * left.size());
  }
  MatrixCell cell;
  cell.difference = mean * 100;
  cell.p = a.info.benchmark.is_pairs() ? mcnemar_p_value(only_a, only_b)
                                       : bootstrap_p_value({differences.begin(), differences.end()});
  cell.agreement = agreement(a, b, a.outcomes.size());
  return cell;
}

void fill_cells(ComparisonMatrix& matrix, const std::vector<Candidate>& set, Figure ranked) {
  std::vector<double> p_values;
  std::vector<Values> values;  // of each run
  for (const Candidate& candidate : set) values.push_back(ranked_values(*candidate.run, ranked == Figure::average));
  for (size_t a = 0; a < set.size(); ++a)
    for (size_t b = a + 1; b < set.size(); ++b) {
      matrix.cells.push_back(cell_of(*set[a].run, *set[b].run, values[a], values[b]));
      matrix.cells.back().a = a;
      matrix.cells.back().b = b;
      p_values.push_back(matrix.cells.back().p);
    }
  const std::vector<double> corrected = holm_corrected(p_values);
  for (size_t i = 0; i < corrected.size(); ++i) matrix.cells[i].p_holm = corrected[i];
}

std::string matrix_cell_text(const MatrixCell& cell, bool turned, const TableOptions& options) {
  const double difference = turned ? 0 - cell.difference : cell.difference;
  const std::string text = fmt::format("{:+.{}f}{}", difference, options.digits, cell.p_holm < kSignificant ? "*" : "");
  const std::string p = cell.p_holm < 0.001 ? "<0.001" : number(cell.p_holm, 3);
  if (options.layout == Layout::text) return text + "\n" + p;
  if (options.layout == Layout::html) return text + " <small>" + escaped(p, options.layout) + "</small>";
  const std::string shown =
      escaped(text, options.layout) + (options.layout == Layout::latex ? " {\\scriptsize (" : " (");
  if (options.layout == Layout::latex) return shown + (cell.p_holm < 0.001 ? "$<$0.001" : p) + ")}";
  return shown + escaped(p, options.layout) + ")";
}

}  // namespace

std::vector<ComparisonMatrix> comparison_matrices(const std::vector<RunSummary>& summaries,
                                                  const std::vector<RunResults>& runs) {
  VLRM_ASSERT(summaries.size() == runs.size());
  std::vector<ComparisonMatrix> matrices;
  for (const auto& benchmark : by_benchmark(summaries)) {
    const Metric* metric = ranked_metric(*benchmark.front());
    if (metric == nullptr || !metric->percent) continue;
    ComparisonMatrix matrix{benchmark.front()->info.benchmark, metric->name, {}, {}, {}};
    const auto labels = distinct_labels(benchmark);
    std::vector<Candidate> candidates;
    for (size_t i = 0; i < benchmark.size(); ++i) {
      const RunResults& run = runs[static_cast<size_t>(benchmark[i] - summaries.data())];
      if (!run.complete())
        matrix.notes.push_back(fmt::format("{}: left out, since it is unfinished.", labels[i]));
      else if (!run.scored())
        matrix.notes.push_back(fmt::format("{}: left out, since it has no scores.", labels[i]));
      else
        candidates.push_back({&run, labels[i]});
    }
    const auto sets = by_samples(candidates);
    const auto largest = std::ranges::max_element(sets, {}, &std::vector<Candidate>::size);
    if (largest == sets.end() || largest->size() < 2) continue;
    for (const auto& set : sets)
      for (const Candidate& other : set)
        if (&set != &*largest)
          matrix.notes.push_back(fmt::format("{}: left out, since its samples are not those of {}: {}.", other.label,
                                             largest->front().label,
                                             difference_of_samples(*largest->front().run, *other.run)));
    for (const Candidate& candidate : *largest) matrix.runs.push_back(candidate.label);
    fill_cells(matrix, *largest, metric->figure);
    const double least =
        static_cast<double>(matrix.cells.size()) / static_cast<double>(BootstrapOptions().resamples + 1);
    if (!matrix.benchmark.is_pairs() && least >= kSignificant)
      matrix.notes.push_back(
          fmt::format("With {} comparisons no corrected p can be below {:.2f}, as the bootstrap's least "
                      "is 1/{}; compare fewer runs.",
                      matrix.cells.size(), std::min(least, 1.0), BootstrapOptions().resamples + 1));
    matrices.push_back(std::move(matrix));
  }
  return matrices;
}

OrderedJson matrix_json(const ComparisonMatrix& matrix) {
  OrderedJson json{{"benchmark", matrix.benchmark.full_title()},
                   {"metric", matrix.metric},
                   {"runs", matrix.runs},
                   {"cells", OrderedJson::array()},
                   {"notes", matrix.notes}};
  for (const MatrixCell& cell : matrix.cells)
    json["cells"].push_back({{"a", cell.a},
                             {"b", cell.b},
                             {"difference", cell.difference},
                             {"p", cell.p},
                             {"p_holm", cell.p_holm},
                             {"agreement", cell.agreement}});
  return json;
}

Grid matrix_table(const ComparisonMatrix& matrix, const TableOptions& options) {
  Grid grid;
  grid.title =
      escaped(fmt::format("{}: differences of {}, row less column", matrix.benchmark.full_title(), matrix.metric),
              options.layout);
  grid.columns.push_back({"", "Run"});
  const std::string same = options.layout == Layout::latex ? "--" : "–";
  for (size_t i = 0; i < matrix.runs.size(); ++i) {
    grid.columns.push_back({"", fmt::format("{}", i + 1)});
    grid.rows.push_back({escaped(fmt::format("{} {}", i + 1, matrix.runs[i]), options.layout)});
    grid.rows.back().resize(matrix.runs.size() + 1, same);
  }
  for (const MatrixCell& cell : matrix.cells) {
    grid.rows[cell.a][cell.b + 1] = matrix_cell_text(cell, false, options);
    grid.rows[cell.b][cell.a + 1] = matrix_cell_text(cell, true, options);
  }
  grid.notes.push_back(
      escaped(fmt::format("p {} each difference: {}, corrected by Holm's method for {} test{}. * p below {:g}.",
                          options.layout == Layout::text ? "beneath" : "beside",
                          matrix.benchmark.is_pairs() ? "McNemar's exact test" : "a paired bootstrap",
                          matrix.cells.size(), matrix.cells.size() == 1 ? "" : "s", kSignificant),
              options.layout));
  for (const std::string& note : matrix.notes) grid.notes.push_back(escaped(note, options.layout));
  return grid;
}

}  // namespace vlrm
