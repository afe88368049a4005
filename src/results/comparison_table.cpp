// Two runs beside each other.
#include "base/error.h"
#include "results/table_cells.h"
#include "results/tables.h"

namespace vlrm {

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
    if (!options.shows(metric.metric)) continue;
    grid.rows.push_back({escaped(metric.metric, options.layout), fmt::format("{}", metric.count),
                         number(metric.a, options.digits), number(metric.b, options.digits),
                         fmt::format("{:+.{}f}", metric.a - metric.b, options.digits),
                         fmt::format("{:+.1f} to {:+.1f}", metric.difference.low, metric.difference.high),
                         metric.only_a ? fmt::format("{}", *metric.only_a) : "",
                         metric.only_b ? fmt::format("{}", *metric.only_b) : "", p_text(metric.p)});
  }
  grid.notes = {
      escaped(fmt::format("Both chose the same response in {:.1f}% of the samples.", comparison.agreement * 100),
              options.layout),
      "p: McNemar's exact test where samples are counted that only one got right, else a paired bootstrap."};
  return grid;
}

}  // namespace vlrm
