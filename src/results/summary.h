// Everything that is said of one run, so that its rows need not be kept.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "results/analysis.h"
#include "results/margins.h"
#include "results/result_folder.h"
#include "results/statistics.h"

namespace vlrm {

struct Metric {
  Figure figure = Figure::overall;
  std::string name;                  // a table's column: "General", "Pass@1"
  int64_t count = 0;                 // rows
  std::optional<double> percent;     // nothing where there are no rows
  std::optional<Interval> interval;  // 95%, in percent (see interval_of_mean)
  std::optional<Interval> wilson;    // of plain proportions: Wilson's, in percent
};

struct RunSummary {
  std::filesystem::path path;
  RunInfo info;
  int64_t rows = 0;
  bool complete = true;
  int64_t not_finite = 0;           // rows with a score that is NaN or infinite
  std::optional<size_t> responses;  // of each row; nothing where rows have different numbers of them
  std::vector<Metric> metrics;
  EqualScores equal_scores;
  TextNotes notes;
  std::optional<Ties> ties;
  ScoreDistributions scores;
  std::vector<AccuracyBin> length_gap;
  std::optional<MarginHistogram> margin_histogram;
  std::vector<AccuracyBin> accuracy_by_margin;
  std::optional<Calibration> calibration;  // of pairs
  std::vector<CurvePoint> curve;           // of best of N
  int64_t selected_of = 0;  // the best of so many recipes over the same rows (see mark_selected); 0: not selected
};

// The figures of the run's benchmark: one metric each, and of Figure::group one per group.
RunSummary summarize(const RunResults& run);

// Full precision; null where nothing is known.
OrderedJson summary_json(const RunSummary& summary);

}  // namespace vlrm
