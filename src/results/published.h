// Figures that others published, to stand beside runs. Nothing of them was measured with vlrm.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "results/tables.h"

namespace vlrm {

// Where figures were published, and how far they can be compared with those of vlrm.
struct PublishedSource {
  std::string_view name, url, date;  // "2025-05"
  std::string_view grouping;         // of rows, which decides Macro
  std::string_view comparable;       // with what
  int64_t rows = 0;                  // that the figures are of; 0 where nobody has them all
};

// Of a judge (which sees both responses and says which is better) or a reward model (which scores each alone).
struct PublishedFigure {
  std::string_view benchmark;  // as in run.json
  std::string_view title;      // of the benchmark
  std::string_view model, kind;
  std::optional<double> overall, macro;  // percent
  const PublishedSource* source;
  std::string_view note = {};
  std::optional<double> unstated = {};  // percent, where the source does not say whether it is Overall or Macro
};

// All that there are, a benchmark's together.
const std::vector<PublishedFigure>& published_figures();

// A table for each benchmark that has published figures, with the runs of it before them; without runs, of all
// benchmarks.
std::vector<Grid> published_tables(const std::vector<RunSummary>& runs, const TableOptions& options);

// A list of [{"benchmark", "title", "figures": [{"model", "kind", "overall", "macro", "source", …}]}], of the
// benchmarks of the tables.
OrderedJson published_json(const std::vector<RunSummary>& runs);

}  // namespace vlrm
