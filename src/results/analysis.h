// What a run's scores are like, beyond the benchmarks' own figures. All of it needs scores: a run without them gives
// nothing.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "results/result_folder.h"
#include "results/statistics.h"

namespace vlrm {

// Position bias. A reward model scores responses one at a time, so their order can only matter where rounded scores are
// equal: there the first wins.
struct Ties {
  int64_t rows = 0;              // whose highest score more than one response has
  int64_t rows_that_matter = 0;  // of them, those where these responses are not equally correct
  double accuracy = 0;           // as a fraction: the first of the highest is taken
  double accuracy_reversed = 0;  // the same with the responses in the opposite order
};
std::optional<Ties> ties(const std::vector<Outcome>& outcomes);

// By how much the best score of the right responses (the row's highest correctness) lies above the best of the wrong
// ones (less). No finite number where there are none of one kind, or no scores.
double score_margin(const Outcome& outcome);
// Whether something better than the chosen response was there.
bool chose_wrong(const Outcome& outcome);

// Scores of all responses; of those that are right and wrong, in rows that have both; and the margins there.
struct ScoreDistributions {
  std::optional<Distribution> all, right, wrong, margin;
};
ScoreDistributions score_distributions(const std::vector<Outcome>& outcomes);

// Rows whose value (a length gap, a margin) lies in [low, high], both of them values that occur.
struct AccuracyBin {
  double low = 0, high = 0;
  int64_t count = 0;
  double accuracy = 0;  // mean correctness of what was chosen, as a fraction
};

// Of (value, correctness) of each row: at most `bins` bins of about as many rows each; equal values share one.
std::vector<AccuracyBin> accuracy_by(std::vector<std::pair<double, double>> rows, size_t bins = 5);

// The gap, in characters, of a pair is the preferred response's length less the other's, whatever the model chose; of a
// best-of-n row the chosen response's less the mean of all. Nothing where every gap is 0, as where the rows of pairs
// hold the question alone.
std::vector<AccuracyBin> accuracy_by_length_gap(const RunResults& run);

// Expected correctness where n responses a row are drawn without replacement, exactly, over all subsets: of the one
// with the highest score (the first of equals), and of the best one. A row of fewer than n counts with all it has.
struct CurvePoint {
  size_t n = 0;
  double chosen = 0, best = 0;  // fractions
};
// For n = 1 … the most responses that a row has.
std::vector<CurvePoint> best_of_n_curve(const std::vector<Outcome>& outcomes);

}  // namespace vlrm
