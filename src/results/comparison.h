// Whether two runs over the same samples differ by more than chance.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "results/result_folder.h"
#include "results/statistics.h"

namespace vlrm {

struct MetricComparison {
  std::string metric;                     // "General", …
  int64_t count = 0;                      // samples
  double a = 0, b = 0;                    // percent
  Interval difference;                    // of a − b in percent points, 95% (see interval_of_mean)
  std::optional<int64_t> only_a, only_b;  // of pairs: samples that just this one got right
  double p = 1;  // two-sided: McNemar's exact test for pairs; the paired bootstrap for best-of-n and means of groups
};

struct Comparison {
  RunInfo a, b;
  int64_t rows = 0;
  double agreement = 0;                   // the fraction of rows on which both chose the same response
  std::vector<MetricComparison> metrics;  // those that have samples
};

// How the samples of two runs differ, as the end of a sentence; empty where they are the same, by position, as far as
// both have come.
std::string difference_of_samples(const RunResults& a, const RunResults& b);

// Throws Error, naming both, if they are not of the same task and samples, or not scored.
void check_comparable(const RunResults& a, const RunResults& b);

// Compares sample by sample, by position; what both have done if one is unfinished. Throws as
// check_comparable.
Comparison compare(const RunResults& a, const RunResults& b);

// The fraction of the first `rows` rows on which both chose the same response, or one of the same text; 0 of none.
double agreement(const RunResults& a, const RunResults& b, size_t rows);

OrderedJson comparison_json(const Comparison& comparison);

}  // namespace vlrm
