// Everything that is said of one run, so that its rows need not be kept.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "results/analysis.h"
#include "results/result_folder.h"
#include "results/statistics.h"

namespace vlrm {

struct Metric {
  std::string name;                  // a table's column: "General", "Pass@1"
  int64_t count = 0;                 // rows
  std::optional<double> percent;     // nothing where there are no rows
  std::optional<Interval> interval;  // 95%, percentile bootstrap, in percent
  std::optional<Interval> wilson;    // of plain proportions: Wilson's, in percent
  bool of_model = true;              // not of the data alone, as Pass@1 is
};

struct RunSummary {
  std::filesystem::path path;
  RunInfo info;
  int64_t rows = 0;
  bool complete = true;
  int64_t not_finite = 0;  // rows with a score that is NaN or infinite
  std::vector<Metric> metrics;
  EqualScores equal_scores;
  std::optional<Ties> ties;
  ScoreDistributions scores;
  std::vector<LengthBin> length_gap;
  std::vector<CurvePoint> curve;  // of best-of-n
};

// VL-RewardBench: General, Hallucination, Reasoning, Overall, Macro. RLAIF-V: Accuracy. Best-of-n: Overall (the reward
// model's choice), Pass@1, Pass@N, Random (expectation), Drawn (the reference's random draw).
RunSummary summarize(const RunResults& run);

// "VL-RewardBench", "RLAIF-V", "TextVQA", "MMMU-Pro standard", "MMMU-Pro vision", "Best of N", or what a subtask that
// is not known calls itself.
std::string benchmark_name(const RunInfo& info);

// Full precision; null where nothing is known.
OrderedJson summary_json(const RunSummary& summary);

}  // namespace vlrm
