// Every run of a benchmark beside every other: which differences are more than chance, given that there are many.
#pragma once

#include <string>
#include <vector>

#include "results/result_folder.h"
#include "results/tables.h"

namespace vlrm {

struct MatrixCell {
  size_t a = 0, b = 0;    // indices into the matrix' runs, a < b
  double difference = 0;  // a less b, in percent points
  double p = 1;           // as of a comparison
  double p_holm = 1;      // corrected for all cells of the matrix
  double agreement = 0;   // the fraction of rows on which both chose the same response
};

struct ComparisonMatrix {
  BenchmarkKind benchmark;
  std::string metric;              // what is compared, the one that runs are ranked by: "Overall"
  std::vector<std::string> runs;   // labels
  std::vector<MatrixCell> cells;   // each pair once
  std::vector<std::string> notes;  // a line a run that is left out
};

// A matrix for each benchmark of which there are two runs to compare: complete ones with scores, over the same samples.
// Of runs over different samples the largest set is taken, the first of equals. `summaries` are those of `runs`.
std::vector<ComparisonMatrix> comparison_matrices(const std::vector<RunSummary>& summaries,
                                                  const std::vector<RunResults>& runs);

// {"benchmark", "metric", "runs": […], "cells": [{"a", "b", …}], "notes": […]}, with the members' names.
OrderedJson matrix_json(const ComparisonMatrix& matrix);

// Row less column, with the corrected p beneath or beside it; * where that is below 0.05.
Grid matrix_table(const ComparisonMatrix& matrix, const TableOptions& options);

}  // namespace vlrm
