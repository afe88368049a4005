// How sure a model was of its choices, and whether it was right to be. Rows whose margin is no finite number are left
// out of all of it.
#pragma once

#include <optional>
#include <vector>

#include "results/analysis.h"
#include "results/result_folder.h"

namespace vlrm {

// Rows by score_margin: of a pair, the preferred response's score less the other's. Bin i holds edges[i] ≤ margin <
// edges[i + 1], the last one its upper edge too. The edges are multiples of 1, 2 or 5 times a power of ten, and 0 is
// one.
struct MarginHistogram {
  std::vector<double> edges;
  std::vector<int64_t> right, wrong;  // rows by what was chosen, a bin
  int64_t left_out = 0;               // rows without a finite margin
};
// Of 10 to 26 bins, or fewer where the margins are few numbers; nothing where no row has a finite margin.
std::optional<MarginHistogram> margin_histogram(const std::vector<Outcome>& outcomes);

// Rows by how far the two highest scores of each lie apart: of a pair, |margin|. Five bins of about as many rows.
std::vector<AccuracyBin> accuracy_by_margin(const std::vector<Outcome>& outcomes);

// Of pairs: the probability that Bradley and Terry's model (1952) gives the response that was chosen, σ(|margin|),
// beside how often it was right. The error is the expected calibration error of ten equal bins from 0.5 to 1 (Guo et
// al. 2017, "On Calibration of Modern Neural Networks"): the mean of |predicted − right|, weighted by the bins' rows.
struct CalibrationBin {
  double low = 0, high = 0;
  int64_t count = 0;
  double predicted = 0, right = 0;  // fractions: the mean probability, and the accuracy
};
struct Calibration {
  double error = 0;                  // 0 to 1
  std::vector<CalibrationBin> bins;  // those that have rows
};
// Nothing where no row is a pair with a finite margin.
std::optional<Calibration> calibration(const std::vector<Outcome>& outcomes);

}  // namespace vlrm
