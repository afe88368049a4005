// Pairs of which people may prefer neither response: how often a model says so.
#pragma once

#include <span>
#include <vector>

#include "results/result_folder.h"

namespace vlrm {

// Of each scored pair 1 if the model says what people say, else 0. It says that both are as good where their scores, of
// five decimals, are at most `threshold` apart, and else prefers the one with the higher score.
std::vector<double> values_with_ties(std::span<const Outcome> outcomes, double threshold = 0);

// The threshold that makes the mean of these values highest, the least of several: tie calibration (Deutsch, Foster and
// Freitag 2023, arXiv 2305.14324). It is chosen on the rows that it is used on, so the figure is an upper bound.
double calibrated_threshold(std::span<const Outcome> outcomes);

}  // namespace vlrm
